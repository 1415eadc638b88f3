/** What the page says of its connection, and for how long it says it. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { scriptedSockets } from './scripted-socket.js';

Object.defineProperty(globalThis, 'navigator', { value: { language: 'en' }, configurable: true });
globalThis.location = { protocol: 'https:', host: 'stt.example' };
const { Online } = await import('../../python/hwaja/web/page/online.js');

const usual = globalThis.WebSocket;
globalThis.fetch = async () => ({ ok: false });
beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => {
  mock.timers.reset();
  globalThis.WebSocket = usual;
});

/** What stands on the page, by its kind. */
class Standing extends Map {
  show(kind, key, values = {}) {
    this.set(kind, { key, values });
  }

  hide(kind) {
    this.delete(kind);
  }
}

async function connected(welcome = {}) {
  const { ScriptedSocket, sockets } = scriptedSockets();
  globalThis.WebSocket = ScriptedSocket;
  const notices = new Standing();
  const online = new Online(notices, { dataset: {} });
  const connecting = online.connect();
  while (sockets.length === 0) await null; // it asks for other servers first
  sockets[0].greet(welcome);
  await connecting;
  return { online, notices, sockets, socket: sockets[0] };
}

/** Of voices that no ticket could bring to another session. */
const KEPT = { resumed: true, state: 'ready', speaker_ids: [0, 1], received_samples: 0 };

async function transcribing(welcome) {
  const scene = await connected(welcome);
  const starting = scene.online.startTranscription();
  scene.socket.say('transcription_started', { number: 1 });
  await starting;
  return scene;
}

const second = new Int16Array(16_000);
const warning = (reason) => ({ reason, message: '', seconds_left: 60 });

test('that nobody says anything is warned of until somebody is heard', async () => {
  const { online, notices, socket } = await transcribing();
  socket.say('limit_warning', warning('idle'));
  assert.match(notices.get('idle').values.time, /^\d\d:\d\d:\d\d$/);
  online.send(second);
  assert.deepEqual([...notices], []);
});

test('that the session ends soon is said until it has ended, where another cannot take over', async () => {
  const { notices, socket } = await transcribing(KEPT);
  socket.say('limit_warning', warning('session_limit'));
  assert.deepEqual([...notices.keys()], ['session_limit']);
  socket.say('error', { code: 'CONNECTION_FAILED', reason: 'session_limit', message: '' });
  socket.end(1000);
  assert.deepEqual([...notices].map(([kind, { key }]) => [kind, key]), [
    ['connection', 'error.session_limit'],
  ]);
});

test('nobody is told of a session that ends where another takes over', async () => {
  const { online, notices, sockets, socket } = await transcribing();
  const states = [];
  online.on('state', (state) => states.push(state));
  socket.say('limit_warning', { ...warning('session_limit'), number: 2 });
  mock.timers.tick(30_000);
  sockets[1].greet({ session_token: 'U' });
  assert.deepEqual(sockets[1].types, ['start_transcription']);
  assert.deepEqual([[...notices], states], [[], []]);
});

test('audio that is lost piece by piece is told as one loss', async () => {
  const { online, notices, socket } = await transcribing();
  socket.bufferedAmount = 1e9;
  for (let k = 0; k < 60 + 32 + 3; k++) online.send(second);
  assert.deepEqual(notices.get('lost'), { key: 'notice.lost', values: { seconds: 3 } });
});

test('a session that is gone together with its connection is told of once', async () => {
  const { online, notices, sockets, socket } = await transcribing();
  const gone = [];
  online.on('gone', () => gone.push(online.state));
  socket.end(1006);
  assert.deepEqual([...notices.keys()], ['away']);
  mock.timers.tick(500);
  sockets[1].end(1011); // there is a server again, and it fails
  assert.deepEqual([...notices].map(([kind, { key }]) => [kind, key]), [
    ['connection', 'error.lost'],
  ]);
  assert.deepEqual(gone, ['closed']);
});

test('words are told once the person wants it, in the transcription that goes on and in the next', async () => {
  const { online, socket } = await transcribing();
  const wished = () => socket.sent.filter(({ hotwords }) => hotwords !== undefined).map(({ type, hotwords }) => [type, hotwords]);
  assert.equal(online.takesHotwords, false);
  online.learn(['복지관']).catch(() => {}); // the transcription ends before the answer
  assert.deepEqual(wished(), [['update_transcription', ['복지관']]]);
  const stopping = online.client.stopTranscription();
  socket.say('transcription_stopped', { number: 2 });
  await stopping;
  await online.learn(['복지관', '김지영']);
  online.startTranscription(false);
  assert.deepEqual(wished()[1], ['start_transcription', ['복지관', '김지영']]);
});

test('an access code is found in what a person types, and another token is left as it is', async () => {
  const { typedCode } = await import('../../python/hwaja/web/page/access-code.js');
  for (const typed of ['jt2r-nbk4-phgv', 'Jt2r nbk4 phgv ', 'JT2RNBK4PHGV']) assert.equal(typedCode(typed), 'jt2r-nbk4-phgv');
  assert.equal(typedCode(' Fedcba9876543210-._ '), 'Fedcba9876543210-._');
});
