/** The lines of the second screen. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Subtitles } from '../../python/hwaja/web/page/subtitle-lines.js';
import { Watch } from '../../python/hwaja/web/page/watch.js';
import { Clock, scriptedSockets } from './scripted-socket.js';

const said = (segment, speaker, text, label = 'sure') => ({
  type: 'transcription',
  segment_id: segment,
  speaker_id: speaker,
  label,
  text,
});

test('texts replace what was heard of them, and have the names of now', () => {
  const subtitles = new Subtitles();
  subtitles.take({ type: 'interim', segment_id: 0, text: '안녕' });
  subtitles.take({ type: 'interim', segment_id: 1, text: '네' });
  assert.equal(subtitles.interim, '안녕 네');
  subtitles.take(said(0, 0, '안녕하세요.'));
  subtitles.take(said(1, 1, '네.', 'unknown'));
  subtitles.take({ type: 'speaker_named', speaker_id: 0, name: '미나' });
  assert.equal(subtitles.interim, '');
  const lines = subtitles.lines.map(({ name, isStranger, text }) => [name, isStranger, text]);
  assert.deepEqual(lines, [['미나', false, '안녕하세요.'], ['', true, '네.']]);
});

test('after messages were missed, nothing is being said, and no earlier line is corrected', () => {
  const subtitles = new Subtitles();
  subtitles.take(said(0, 0, '하나.'));
  subtitles.take({ type: 'interim', segment_id: 1, text: '두' });
  subtitles.begin();
  assert.equal(subtitles.interim, '');
  subtitles.take({ type: 'speaker_update', segment_id: 0, speaker_id: 1 }); // perhaps of another part
  assert.deepEqual(subtitles.lines.map(({ speakerId }) => speakerId), [0]);
});

test('a corrected speaker is that of the running transcription, whose segments count from 0 again', () => {
  const subtitles = new Subtitles();
  subtitles.take(said(0, 0, 'first'));
  subtitles.take({ type: 'transcription_started' });
  subtitles.take(said(0, 0, 'second', 'unknown'));
  subtitles.take({ type: 'speaker_update', segment_id: 0, speaker_id: 1 });
  subtitles.take({ type: 'speaker_update', segment_id: 7, speaker_id: 1 });
  const lines = subtitles.lines.map(({ speakerId, isStranger }) => [speakerId, isStranger]);
  assert.deepEqual(lines, [[0, false], [1, false]]);
});

test('lines that no screen shows any more are dropped', () => {
  const subtitles = new Subtitles();
  for (let segment = 0; segment < 100; segment++) subtitles.take(said(segment, 0, String(segment)));
  assert.equal(subtitles.lines.length, 40);
  assert.equal(subtitles.lines[39].text, '99');
});

test('a message of a later server is ignored', () => {
  const subtitles = new Subtitles();
  subtitles.take({ type: 'something_new' });
  assert.deepEqual(subtitles.lines, []);
});

function watching({ urls = ['wss://a.example/'], there = () => true } = {}) {
  const { ScriptedSocket, sockets } = scriptedSockets();
  const clock = new Clock();
  const told = [];
  const surroundings = { WebSocket: ScriptedSocket, clock, random: () => 1, isThere: async () => there() };
  new Watch(urls, 'T', surroundings, {
    status: (key) => told.push(key.split('.')[1]),
    begun: () => {},
    message: ({ text }) => told.push(text),
  });
  const last = () => sockets[sockets.length - 1];
  return { sockets, clock, told, last };
}

/** The last attempt is refused, and those that follow in so many seconds. */
async function refuse({ clock, last }, seconds) {
  const end = clock.now() + seconds;
  for (let socket = null; clock.now() < end; clock.turn(0.25)) {
    if (socket !== last()) {
      socket = last();
      socket.end(1006);
    }
    await new Promise(setImmediate);
  }
}

/** The attempt after the last one. */
async function next({ clock, sockets, last }) {
  for (const { length } = sockets; sockets.length === length; await new Promise(setImmediate)) clock.turn(0.25);
  return last();
}

test('a second screen finds the session that takes over, wherever it is', async () => {
  const scene = watching({ urls: ['wss://a.example/', 'wss://b.example/'] });
  const { sockets, told } = scene;
  sockets[0].onopen();
  sockets[0].say('transcription', { text: '하나.' });
  sockets[0].end(1001);
  await refuse(scene, 20); // nobody shows anything by the link
  assert.deepEqual([...new Set(sockets.slice(1).map(({ url }) => url))].sort(), ['wss://a.example/watch', 'wss://b.example/watch']);
  const found = await next(scene);
  found.onopen();
  found.say('transcription', { text: '둘.' });
  assert.deepEqual(told.filter((each) => each !== 'connecting'), ['ready', '하나.', 'ready', '둘.']);
});

test('a link that leads nowhere for a minute has ended, and one that never led anywhere is wrong', async () => {
  const known = watching();
  known.sockets[0].onopen();
  known.sockets[0].end(1001);
  await refuse(known, 80);
  assert.equal(known.told.pop(), 'ended');
  const unknown = watching();
  await refuse(unknown, 6);
  assert.equal(unknown.told.pop(), 'wrong');
  for (const { sockets, clock } of [known, unknown]) {
    const { length } = sockets;
    clock.turn(100);
    assert.equal(sockets.length, length);
  }
});

test('a link that was ended leads nowhere at once, and a network that is away is waited for', async () => {
  let isThere = false;
  const scene = watching({ there: () => isThere });
  await refuse(scene, 300);
  isThere = true;
  const found = await next(scene);
  found.onopen();
  found.end(1000);
  assert.deepEqual(scene.told.slice(-2), ['ready', 'ended']);
  const { length } = scene.sockets;
  scene.clock.turn(100);
  assert.equal(scene.sockets.length, length);
});
