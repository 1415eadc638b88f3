/** Slow sockets, lost connections, and servers that end a session, by a clock that is turned. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connected, setUp, transcribing } from './scenes.js';

const second = new Int16Array(16_000);

test('while it is away audio is kept, and sent from where the server says', async () => {
  const { client, clock, sockets, socket, of } = await transcribing();
  const numbered = (i) => new Int16Array(4096).fill(i);
  client.sendAudio(numbered(1));
  client.sendAudio(numbered(2));
  socket.end(1006);
  assert.equal(client.state, 'reconnecting');
  client.sendAudio(numbered(3));
  clock.turn(0.25);
  sockets[1].greet({ resumed: true, session_token: 'U', state: 'transcribing', received_samples: 4097 });
  assert.deepEqual(sockets[1].protocols, ['hwaja', 'hwaja.resume.T']);
  const heard = sockets[1].sent.flatMap((samples) => [...samples]);
  assert.deepEqual(heard, [...numbered(2).subarray(1), ...numbered(3)]);
  assert.deepEqual(of('reconnecting'), [{ code: 1006 }]);
  assert.equal(client.state, 'transcribing');
});

test('a transcription whose beginning was heard is not begun again', async () => {
  const { client, clock, sockets, socket } = await connected();
  const starting = client.startTranscription();
  socket.end(1006);
  clock.turn(0.25);
  sockets[1].greet({ resumed: true, state: 'transcribing', received_samples: 0 });
  sockets[1].say('transcription_started', { number: 1 });
  await starting;
  assert.deepEqual(sockets[1].types, []);
});

test('one whose beginning was not heard is', async () => {
  const { client, clock, sockets, socket } = await connected();
  client.startTranscription();
  socket.end(1006);
  clock.turn(0.25);
  sockets[1].greet({ resumed: true, state: 'ready', received_samples: 0 });
  assert.deepEqual(sockets[1].types, ['start_transcription']);
});

test('to a transcription that the server has ended nothing more is sent, but to the next', async () => {
  const { client, clock, sockets, socket } = await transcribing();
  client.sendAudio(new Int16Array(4096).fill(1));
  socket.end(1006);
  client.sendAudio(new Int16Array(4096).fill(2));
  clock.turn(0.25);
  const back = sockets[1];
  back.greet({ resumed: true, state: 'draining', received_samples: 0 });
  clock.turn(1);
  assert.deepEqual(back.types, []);
  const code = 'TRANSCRIPTION_FAILED';
  back.say('error', { code, reason: 'audio_limit', received_samples: 4095, number: 2, message: '' });
  assert.deepEqual(back.types, ['start_transcription']);
  back.say('transcription_started', { number: 3 });
  const heard = back.sent.slice(1).flatMap((samples) => [...samples]);
  assert.deepEqual(heard, [1, ...new Int16Array(4096).fill(2)]);
});

test('a message that comes once more is told once', async () => {
  const { client, clock, sockets, socket } = await transcribing();
  const texts = [];
  client.on('transcription', ({ text }) => texts.push(text));
  socket.say('transcription', { speaker_id: 0, text: 'a', number: 2 });
  socket.end(1006);
  clock.turn(0.25);
  sockets[1].greet({ resumed: true, state: 'transcribing', received_samples: 0 });
  for (const [i, text] of ['a', 'b'].entries()) {
    sockets[1].say('transcription', { speaker_id: 0, text, number: i + 2 });
  }
  assert.deepEqual(texts, ['a', 'b']);
});

test('attempts come at growing distances until the server has forgotten the session', async () => {
  const { client, clock, sockets, socket, of } = await connected();
  socket.end(1006);
  const attempts = [];
  while (client.state === 'reconnecting') {
    const [moment] = clock.turn(0.125);
    const newest = sockets[sockets.length - 1];
    if (newest.readyState !== 0) continue;
    attempts.push(moment);
    newest.end(1006);
  }
  assert.deepEqual(attempts.slice(0, 6), [0.25, 0.75, 1.75, 3.75, 7.75, 15.75]);
  assert.ok(attempts[attempts.length - 1] >= 50 && attempts[attempts.length - 1] <= 68);
  assert.equal(of('lost')[0].reason, 'lost');
  assert.deepEqual(of('closed').map(({ code }) => code), [1006]);
});

test('jitter spreads the attempts over half of each delay', async () => {
  const { clock, socket, sockets } = await connected({ random: () => 0 });
  socket.end(1006);
  assert.deepEqual(clock.turn(0.2), [0.125]);
  assert.equal(sockets.length, 2);
});

test('an attempt that gets no answer is given up for the next', async () => {
  const { client, clock, sockets, socket } = await connected();
  socket.end(1006);
  clock.turn(0.25);
  assert.equal(sockets.length, 2);
  clock.turn(10.5);
  assert.equal(sockets.length, 3);
  assert.equal(client.state, 'reconnecting');
});

test('a server that takes audio and says nothing is left for another connection, and not closed first', async () => {
  const { client, clock, sockets, socket } = await transcribing();
  for (let i = 0; i < 90; i++) {
    client.sendAudio(new Int16Array(4096));
    clock.turn(0.25);
  }
  assert.equal(client.state, 'reconnecting');
  assert.equal(socket.closedWith, undefined); // a close would end the session
  sockets[1].greet({ resumed: true, state: 'transcribing', received_samples: 0 });
  assert.equal(socket.closedWith, 1000);
  assert.equal(client.state, 'transcribing');
  assert.equal(sockets[1].sentSamples >= 8 * 16_000, true);
});

test('a server that falls silent is missed though the microphone does too', async () => {
  const { client, clock } = await transcribing();
  client.sendAudio(new Int16Array(3 * 16_000));
  clock.turn(19);
  assert.equal(client.state, 'transcribing');
  clock.turn(2);
  assert.equal(client.state, 'reconnecting');
});

test('a server that does not answer a start is missed before any audio is sent', async () => {
  const { client, clock, sockets } = await connected();
  const starting = client.startTranscription();
  clock.turn(21);
  assert.equal(client.state, 'reconnecting');
  clock.turn(1);
  sockets[1].greet({ resumed: true, state: 'ready', received_samples: 0 });
  assert.deepEqual(sockets[1].types, ['start_transcription']);
  sockets[1].say('transcription_started', { number: 1 });
  await starting;
});

test('a session is over for who closes it, though the server is gone and does not say so', async () => {
  const { client, clock, socket } = await transcribing();
  const closing = client.close();
  assert.equal(socket.closedWith, 1000);
  clock.turn(5);
  await closing;
});

test('a pause of the microphone is no silence of the server', async () => {
  const { client, clock } = await transcribing();
  client.sendAudio(new Int16Array(8192));
  clock.turn(300);
  for (let i = 0; i < 30; i++) client.sendAudio(new Int16Array(4096));
  assert.equal(client.state, 'transcribing');
});

for (const code of [1000, 1001, 1002, 1003, 1008, 1009, 1011, 1013]) {
  test(`a session that the server ended with ${code} is not come back to`, async () => {
    const { client, clock, sockets, socket, of } = await transcribing();
    const stopping = client.stopTranscription();
    socket.say('error', { code: 'CONNECTION_FAILED', reason: 'session_limit', message: '', number: 2 });
    socket.end(code);
    await assert.rejects(stopping, { code: 'CONNECTION_FAILED', reason: 'session_limit', closeCode: code });
    clock.turn(100);
    assert.equal(sockets.length, 1);
    assert.deepEqual(of('closed').map(({ error }) => error.reason), ['session_limit']);
    assert.equal(client.state, 'closed');
  });
}

test('a full server rejects the wish to connect, with its code', async () => {
  const { client, sockets, of } = setUp();
  const connecting = client.connect();
  sockets[0].say('error', { code: 'CONNECTION_FAILED', message: '' });
  sockets[0].end(1013);
  await assert.rejects(connecting, { code: 'CONNECTION_FAILED', closeCode: 1013 });
  assert.deepEqual(of('error'), []);
  const again = client.connect();
  sockets[1].greet();
  await again;
});

test('where no server answers, the wish to connect is rejected at once', async () => {
  const { client, sockets } = setUp();
  const connecting = client.connect();
  sockets[0].end(1006);
  await assert.rejects(connecting, { code: 'CONNECTION_FAILED', reason: 'unreachable' });
  assert.equal(sockets.length, 1);
});

test('what a page may not open rejects with the browser\'s own error and leaves the client idle', async () => {
  const { client } = setUp({
    WebSocket: class {
      constructor() {
        throw new SyntaxError('no subprotocol');
      }
    },
  });
  await assert.rejects(client.connect(), SyntaxError);
  assert.equal(client.state, 'idle');
});

test('who closes while it is away tries no more', async () => {
  const { client, clock, sockets, socket, of } = await transcribing();
  const stopping = client.stopTranscription();
  socket.end(1006);
  client.close();
  await assert.rejects(stopping, { reason: 'closed' });
  clock.turn(100);
  assert.equal(sockets.length, 1);
  assert.deepEqual(of('closed'), [{ code: 1000, error: null }]);
});

test('closing may be what a listener does when the connection is lost', async () => {
  const { client, clock, sockets, socket, of } = await connected();
  client.on('reconnecting', () => client.close());
  socket.end(1006);
  clock.turn(100);
  assert.equal(sockets.length, 1);
  assert.deepEqual(of('closed'), [{ code: 1000, error: null }]);
  assert.equal(client.state, 'closed');
});

const EARLIER = { resumed: true, state: 'transcribing', received_samples: 81_920, session_token: 'U' };

/** A page that was loaded anew, with the token of the session that it had before. */
async function reloaded(fields) {
  const scene = setUp();
  const transcription = { interimResults: true };
  const connecting = scene.client.connect({ sessionToken: 'S', transcription });
  scene.sockets[0].greet(fields);
  return { ...scene, socket: scene.sockets[0], welcome: await connecting };
}

test('a page that is loaded anew goes on with its transcription from where the server is', async () => {
  const { client, socket, welcome } = await reloaded(EARLIER);
  assert.deepEqual(socket.protocols, ['hwaja', 'hwaja.resume.S']);
  assert.equal(welcome.resumed, true);
  assert.equal(client.state, 'transcribing');
  await client.sendAudio(second);
  assert.equal(socket.sentSamples, 16_000);
  const stopping = client.stopTranscription();
  socket.say('transcription_stopped', { utterances: 3 });
  assert.equal((await stopping).utterances, 3);
  assert.equal(client.state, 'ready');
});

test('what it sends counts on from what was taken: after a cut nothing is lost or sent twice', async () => {
  const { client, clock, sockets, socket } = await reloaded(EARLIER);
  await client.sendAudio(second);
  socket.end(1006);
  clock.turn(1);
  sockets[1].greet({ ...EARLIER, received_samples: 81_920 + 6_000 });
  assert.equal(sockets[1].sentSamples, 10_000);
});

test('the next part of a long transcription is asked for what the page asked before', async () => {
  const { client, socket } = await reloaded(EARLIER);
  await client.sendAudio(second);
  const limit = { code: 'TRANSCRIPTION_FAILED', reason: 'audio_limit', message: '' };
  socket.say('error', { ...limit, received_samples: 81_920 + 16_000 });
  const [next] = socket.sent.filter(({ type }) => type === 'start_transcription');
  assert.deepEqual([next.interim_results, next.details], [true, true]);
});

test('where its token leads nowhere, a page that is loaded anew has a session of its own', async () => {
  const { client, of, welcome } = await reloaded({ resumed: false });
  assert.deepEqual([welcome.resumed, client.state, of('lost')], [false, 'ready', []]);
});

test('a function brings another token for each connection', async () => {
  const asked = [];
  const token = async (url) => `token-${asked.push(url)}`;
  const { client, clock, sockets } = setUp({ token });
  const connecting = client.connect();
  await settled();
  assert.deepEqual(sockets[0].protocols, ['hwaja', 'hwaja.resume', 'hwaja.bearer.token-1']);
  sockets[0].greet({ session_token: 'T' });
  await connecting;
  sockets[0].end(1006);
  clock.turn(0.25);
  await settled();
  assert.deepEqual(sockets[1].protocols, ['hwaja', 'hwaja.resume.T', 'hwaja.bearer.token-2']);
  assert.deepEqual(asked, ['wss://stt.example/', 'wss://stt.example/']);
});

for (const [how, token] of [
  ['fails', () => Promise.reject(new Error('no'))],
  ['throws', () => { throw new Error('no'); }],
  ['brings no token', () => 'no token'],
  ['brings nothing', () => undefined],
]) {
  test(`where the function for the token ${how}, connecting rejects with the reason`, async () => {
    const { client, sockets } = setUp({ token });
    await assert.rejects(client.connect(), { code: 'CONNECTION_FAILED', reason: 'no_token' });
    assert.equal(client.state, 'closed');
    assert.equal(sockets.length, 0);
  });
}

test('a function that brings no token for long is given up, and what it brings later is dropped', async () => {
  let bring;
  const token = () => new Promise((resolve) => { bring = resolve; });
  const { client, clock, sockets } = setUp({ token });
  const connecting = client.connect();
  clock.turn(10);
  await assert.rejects(connecting, { reason: 'no_token' });
  bring('token');
  await settled();
  assert.equal(sockets.length, 0);
});

test('a client that is closed while a token is fetched opens no connection', async () => {
  let bring;
  const token = () => new Promise((resolve) => { bring = resolve; });
  const { client, sockets } = setUp({ token });
  const connecting = client.connect();
  const refused = assert.rejects(connecting, { reason: 'closed' });
  await client.close();
  bring('token');
  await refused;
  await settled();
  assert.equal(sockets.length, 0);
});

function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
test('a name that may not have arrived is sent again, and an answer that comes twice is to nothing else', async () => {
  const { client, clock, sockets, socket } = await transcribing();
  const first = client.nameSpeaker(0, 'a');
  const second = client.nameSpeaker(0, 'b');
  socket.end(1006);
  const third = client.nameSpeaker(0, 'a');
  clock.turn(0.25);
  const back = sockets[1];
  back.greet({ resumed: true, state: 'transcribing', received_samples: 0 });
  assert.deepEqual(back.sent.map(({ name }) => name), ['a', 'b', 'a']);
  const answer = (name, number) => back.say('speaker_named', { speaker_id: 0, name, number });
  ['a', 'a', 'b', 'b'].forEach((name, i) => answer(name, i + 2));
  assert.deepEqual((await Promise.all([first, second, third])).map(({ name }) => name), ['a', 'b', 'a']);
});

test('a name for a speaker of a session that is lost is refused', async () => {
  const { client, clock, sockets, socket } = await transcribing();
  const named = client.nameSpeaker(0, 'a');
  socket.end(1006);
  clock.turn(0.25);
  sockets[1].greet({ resumed: false, session_token: 'U' });
  await assert.rejects(named, { reason: 'lost' });
});
