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

async function connected() {
  const { ScriptedSocket, sockets } = scriptedSockets();
  globalThis.WebSocket = ScriptedSocket;
  const notices = new Standing();
  const online = new Online(notices, { dataset: {} });
  const connecting = online.connect();
  while (sockets.length === 0) await null; // it asks for other servers first
  sockets[0].greet();
  await connecting;
  return { online, notices, sockets, socket: sockets[0] };
}

async function transcribing() {
  const scene = await connected();
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

test('that the session ends soon is said until it has ended', async () => {
  const { notices, socket } = await transcribing();
  socket.say('limit_warning', warning('session_limit'));
  assert.deepEqual([...notices.keys()], ['session_limit']);
  socket.say('error', { code: 'CONNECTION_FAILED', reason: 'session_limit', message: '' });
  socket.end(1000);
  assert.deepEqual([...notices].map(([kind, { key }]) => [kind, key]), [
    ['connection', 'error.session_limit'],
  ]);
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
