/** The client, against a socket that does what is written here. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { STTClient, STTError } from 'hwaja';

import { Clock, scriptedSockets } from './scripted-socket.js';

const EVENTS = ['state', 'error', 'overrun', 'reconnecting', 'reconnected', 'lost', 'closed'];

function setUp(options = {}) {
  const { ScriptedSocket, sockets } = scriptedSockets();
  const clock = new Clock();
  const client = new STTClient('wss://stt.example/', {
    WebSocket: ScriptedSocket,
    clock,
    random: () => 1,
    ...options,
  });
  const told = [];
  EVENTS.forEach((type) => client.on(type, (detail) => told.push([type, detail])));
  const of = (type) => told.filter((each) => each[0] === type).map((each) => each[1]);
  return { client, clock, sockets, of };
}

async function connected(options) {
  const scene = setUp(options);
  const connecting = scene.client.connect();
  scene.sockets[0].greet();
  await connecting;
  return { ...scene, socket: scene.sockets[0] };
}

async function transcribing(options) {
  const scene = await connected(options);
  const starting = scene.client.startTranscription();
  scene.socket.say('transcription_started', { number: 1 });
  await starting;
  return scene;
}

async function enrolling(options) {
  const scene = await connected(options);
  const starting = scene.client.startSpeakerRegistration(0);
  scene.socket.say('speaker_registration_started', { speaker_id: 0 });
  await starting;
  return scene;
}

const second = new Int16Array(16_000);

test('the words of the specification are sent as it writes them where nothing more is wanted', async () => {
  const { client, socket } = await connected({ details: false, resume: false });
  assert.deepEqual(socket.protocols, []);
  client.startSpeakerRegistration(1);
  socket.say('speaker_registration_started', { speaker_id: 1 });
  client.sendAudio(second);
  client.completeSpeakerRegistration(1);
  socket.say('speaker_registration_completed', { speaker_id: 1 });
  client.startTranscription();
  assert.deepEqual(socket.sent.filter((message) => message.type), [
    { type: 'start_speaker_registration', speaker_id: 1 },
    { type: 'complete_speaker_registration', speaker_id: 1 },
    { type: 'start_transcription' },
  ]);
});

test('wishes are sent in the words of the protocol', async () => {
  const { client, socket } = await connected();
  const refused = client.startSpeakerRegistration(0, { add: true, quality: true });
  socket.say('error', { code: 'SPEAKER_REGISTRATION_FAILED', reason: 'unknown_speaker', message: '' });
  await assert.rejects(refused, { reason: 'unknown_speaker' });
  client.startTranscription({
    interimResults: true,
    speakerUpdates: true,
    adapt: true,
    language: 'ko',
    hotwords: ['복지관', { text: '화자', boost: 2 }],
  });
  assert.deepEqual(socket.sent, [
    {
      type: 'start_speaker_registration',
      speaker_id: 0,
      add: true,
      quality: true,
      details: true,
    },
    {
      type: 'start_transcription',
      interim_results: true,
      speaker_updates: true,
      adapt: true,
      language: 'ko',
      hotwords: ['복지관', { text: '화자', boost: 2 }],
      details: true,
    },
  ]);
});

test('a refused voice rejects with all that the server says of it', async () => {
  const { client, socket } = await enrolling();
  client.sendAudio(second);
  const completing = client.completeSpeakerRegistration(0);
  const quality = { speech_seconds: 1.2 };
  const refusal = { code: 'SPEAKER_REGISTRATION_FAILED', reason: 'too_little_speech', speaker_id: 0 };
  socket.say('error', { ...refusal, message: '…', quality });
  await assert.rejects(completing, (error) => {
    assert.ok(error instanceof STTError);
    const { code, reason, speakerId, message } = error;
    assert.deepEqual({ code, reason, speaker_id: speakerId }, refusal);
    assert.equal(message, '…');
    assert.deepEqual(error.quality, quality);
    return true;
  });
  assert.equal(client.state, 'ready');
});

test('a take that failed while nobody waited is told at once, and to whom completes it', async () => {
  const { client, socket, of } = await enrolling();
  socket.say('error', { code: 'SPEAKER_REGISTRATION_FAILED', reason: 'too_long', speaker_id: 0 });
  assert.deepEqual(of('error').map(({ reason }) => reason), ['too_long']);
  await assert.rejects(client.completeSpeakerRegistration(0), { reason: 'too_long' });
  await assert.rejects(client.completeSpeakerRegistration(0), { reason: 'wrong_state' });
});

test('where the server ended a take before it was told to, the next is not confused by its answer', async () => {
  const { client, socket, of } = await enrolling();
  client.sendAudio(second);
  const completing = client.completeSpeakerRegistration(0);
  const code = 'SPEAKER_REGISTRATION_FAILED';
  socket.say('error', { code, reason: 'too_long', speaker_id: 0 });
  await assert.rejects(completing, { reason: 'too_long' });
  const again = client.startSpeakerRegistration(0);
  socket.say('error', { code, reason: 'wrong_state', speaker_id: 0 });
  socket.say('speaker_registration_started', { speaker_id: 0 });
  await again;
  assert.deepEqual(of('error'), []);
});

test('an enrolment can be begun anew while it is heard, and what was sent counts no more', async () => {
  const { client, socket } = await enrolling();
  client.sendAudio(second);
  const again = client.startSpeakerRegistration(1);
  socket.say('speaker_registration_started', { speaker_id: 0 }); // once more, on its way before
  client.sendAudio(second);
  assert.equal(client.state, 'enrolling');
  socket.say('speaker_registration_started', { speaker_id: 1 });
  await again;
  const completing = client.completeSpeakerRegistration(1);
  socket.say('speaker_registration_completed', { speaker_id: 1 });
  await completing;
  const types = socket.types.filter((type, i) => type !== socket.types[i - 1]);
  assert.deepEqual(types, [
    'start_speaker_registration',
    'audio',
    'start_speaker_registration',
    'audio',
    'complete_speaker_registration',
  ]);
});

test('an utterance that failed is told and ends nothing', async () => {
  const { client, socket, of } = await transcribing();
  client.sendAudio(second);
  const stopping = client.stopTranscription();
  socket.say('error', { code: 'TRANSCRIPTION_FAILED', reason: 'engine_failed', message: '', number: 2 });
  socket.say('transcription_stopped', { utterances: 0, failed: 1, number: 3 });
  assert.equal((await stopping).failed, 1);
  assert.deepEqual(of('error').map(({ reason }) => reason), ['engine_failed']);
});

test('what cannot be now is refused and changes nothing', async () => {
  const { client, socket } = await transcribing();
  const sent = socket.sent.length;
  const wrong = { reason: 'wrong_state' };
  await assert.rejects(client.connect(), wrong);
  await assert.rejects(client.startTranscription(), wrong);
  await assert.rejects(client.startSpeakerRegistration(0), wrong);
  await assert.rejects(client.completeSpeakerRegistration(0), wrong);
  assert.equal(socket.sent.length, sent);
  assert.equal(client.state, 'transcribing');
  assert.throws(() => new STTClient('https://stt.example/'), TypeError);
  await assert.rejects(client.sendAudio(new ArrayBuffer(3)), TypeError);
  await assert.rejects(client.sendAudio(new Float32Array(3)), TypeError);
  await assert.rejects(client.sendAudio(new TextEncoder().encode('RIFF....WAVE').buffer), TypeError);
  await assert.rejects(new STTClient('wss://stt.example/').startTranscription(), wrong);
});

test('audio outside of an enrolment or a transcription is not sent', async () => {
  const { client, socket } = await connected();
  await client.sendAudio(second);
  const refused = client.startTranscription();
  socket.say('error', { code: 'TRANSCRIPTION_FAILED', reason: 'not_enrolled', message: '' });
  await assert.rejects(refused, { reason: 'not_enrolled' });
  await client.sendAudio(second);
  assert.deepEqual(socket.types, ['start_transcription']);
});

test('a slow socket is not stuffed: what waits is sent later, in order, without a loss', async () => {
  const { client, clock, socket, of } = await transcribing({ resume: false });
  socket.bufferedAmount = 32_000;
  const chunks = Array.from({ length: 12 }, (_, i) => new Int16Array(4096).fill(i + 1));
  const sending = chunks.map((chunk) => client.sendAudio(chunk));
  const roomy = Promise.race([sending[11].then(() => 'room'), Promise.resolve('no room')]);
  assert.equal(await roomy, 'no room');
  const stopping = client.stopTranscription();
  clock.turn(5);
  assert.deepEqual(socket.types, ['start_transcription']);
  socket.bufferedAmount = 0;
  clock.turn(0.1);
  await Promise.all(sending);
  assert.deepEqual(socket.sent.slice(1, -1), chunks);
  assert.equal(socket.types.pop(), 'stop_transcription');
  assert.deepEqual(of('overrun'), []);
  socket.say('transcription_stopped');
  await stopping;
});

test('a minute is kept; what comes behind it is lost, and said to be', async () => {
  const { client, socket, clock, of } = await transcribing();
  socket.bufferedAmount = 1e6;
  const chunk = (i) => new Int16Array(4000).fill(i);
  for (let i = 0; i < 240; i++) client.sendAudio(chunk(i));
  assert.deepEqual(of('overrun'), []);
  client.sendAudio(chunk(300));
  assert.deepEqual(of('overrun'), [{ lostSamples: 4000 }]);
  socket.bufferedAmount = 0;
  clock.turn(0.1);
  for (let second = 8; second <= 60; second++) {
    socket.say('audio_received', { received_samples: 16_000 * second });
  }
  const heard = socket.sent.slice(1).flatMap((samples) => [...samples]);
  assert.equal(heard.length, 960_000);
  assert.ok(heard.every((sample, i) => sample === Math.floor(i / 4000)));
  client.sendAudio(chunk(301));
  assert.deepEqual(of('overrun').length, 1); // there is room again
});

test('no more than some seconds are on their way to a server that tells what it has taken', async () => {
  const { client, socket } = await transcribing();
  for (let i = 0; i < 20; i++) client.sendAudio(second);
  assert.ok(socket.sentSamples >= 8 * 16_000 && socket.sentSamples < 9 * 16_000);
  socket.say('audio_received', { received_samples: 16_000 });
  assert.ok(socket.sentSamples >= 9 * 16_000);
});

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

test('states are told as they change', async () => {
  const { client, socket, of } = await enrolling();
  client.sendAudio(second);
  client.completeSpeakerRegistration(0);
  socket.say('speaker_registration_completed', { speaker_id: 0 });
  client.startTranscription();
  socket.say('transcription_started');
  client.stopTranscription();
  socket.say('transcription_stopped');
  client.close();
  assert.deepEqual(of('state'), [
    'connecting', 'ready', 'enrolling', 'verifying', 'ready', 'transcribing', 'draining', 'ready',
    'closed',
  ]);
});

test('what a listener begins is not answered by what it was told', async () => {
  const { client, socket } = await transcribing();
  let second = null;
  client.on('transcription_stopped', () => {
    if (second === null) second = client.startTranscription();
  });
  const stopping = client.stopTranscription();
  socket.say('transcription_stopped', { utterances: 1 });
  assert.equal((await stopping).utterances, 1);
  const stoppingAgain = client.stopTranscription();
  socket.say('transcription_started');
  assert.equal((await second).type, 'transcription_started');
  socket.say('transcription_stopped', { utterances: 2 });
  assert.equal((await stoppingAgain).utterances, 2);
});

test('who stops listening is told nothing more', async () => {
  const { client, socket } = await transcribing();
  const texts = [];
  const stop = client.on('interim', ({ text }) => texts.push(text));
  socket.say('interim', { segment_id: 0, text: '안녕', stable_chars: 0 });
  stop();
  socket.say('interim', { segment_id: 0, text: '안녕하세요', stable_chars: 2 });
  assert.deepEqual(texts, ['안녕']);
});

test('a listener that fails hinders no other, and is reported', () => {
  const script = `
    import { STTClient } from 'hwaja';
    const client = new STTClient('wss://stt.example/');
    process.on('unhandledRejection', ({ message }) => console.log(message));
    client.on('state', () => { throw new Error('a fault of the page'); });
    client.on('state', () => console.log('told'));
    client.emit('state', 'ready');`;
  const options = { cwd: import.meta.dirname, encoding: 'utf8' };
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', script], options);
  assert.equal(told, 'told\na fault of the page\n');
});

test('what is no message of the protocol changes nothing', async () => {
  const { client, socket } = await transcribing();
  for (const data of ['', 'null', '[]', '{"type": 1}', 'x']) socket.onmessage({ data });
  socket.say('something_new', { number: 2 });
  assert.equal(client.state, 'transcribing');
});
