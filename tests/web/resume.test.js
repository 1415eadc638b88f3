/** Coming back, and going on behind the longest transcription: every sample once, every answer once. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';

import { STTClient } from 'hwaja';
import { WebSocket } from 'ws';

import { FakeServer } from './fake-server.js';
import { blocks, dice, noise } from './signals.js';

/** Faster than any server needs to be on a busy machine: a second is 50 ms. */
const CLOCK = {
  now: () => performance.now() / 50,
  after(seconds, action) {
    const timer = setTimeout(action, 50 * seconds);
    return () => clearTimeout(timer);
  },
};

let server;
before(async () => {
  server = await new FakeServer().start();
});
after(() => server.stop());
beforeEach(() => {
  server.forget();
  server.offered = [];
  server.isCut = () => false;
  server.maxAudioSamples = Infinity;
});

function audio(samples, seed) {
  return Int16Array.from(noise(samples, seed), (sample) => 32_767 * sample);
}

function newClient(options = {}) {
  const client = new STTClient(server.url, { WebSocket, clock: CLOCK, ...options });
  client.heard = [];
  for (const type of ['transcription', 'renewed', 'reconnected', 'lost', 'overrun', 'error', 'closed']) {
    client.on(type, (detail) => client.heard.push({ type, detail }));
  }
  return client;
}

function heard(client, type) {
  return client.heard.filter((each) => each.type === type).map(({ detail }) => detail);
}

async function play(client, samples, length = () => 4096) {
  for (const block of blocks(samples, length)) await client.sendAudio(block);
}

const VOICES = [audio(50_000, 11), audio(40_001, 12)];

async function enrol(client) {
  for (const [speakerId, voice] of VOICES.entries()) {
    await client.startSpeakerRegistration(speakerId);
    await play(client, voice);
    await client.completeSpeakerRegistration(speakerId);
  }
}

/** Enrol and transcribe; returns what `stopTranscription` resolves with. */
async function converse(client, talk, length) {
  await client.connect();
  await enrol(client);
  await client.startTranscription();
  await play(client, talk, length);
  return client.stopTranscription();
}

for (let seed = 0; seed < 40; seed++) {
  test(`cut off again and again, it loses nothing and tells nothing twice (dice ${seed})`, async () => {
    const random = dice(seed);
    const talk = audio(200_000 + Math.floor(20_000 * random()), 100 + seed);
    const often = 0.05 + 0.1 * random();
    server.isCut = () => random() < often;
    if (seed % 3 === 0) server.maxAudioSamples = 30_000 + Math.floor(60_000 * random());
    const client = newClient();
    await converse(client, talk, () => 1 + Math.floor(9000 * random()));
    const [session] = server.sessions;

    assert.equal(server.sessions.length, 1);
    assert.ok(server.offered.length > 1);
    for (const [speakerId, voice] of VOICES.entries()) {
      const takes = session.heard.filter(({ started }) => started.speaker_id === speakerId);
      const taken = takes.filter(({ received }) => received > 0);
      assert.equal(taken.length, 1);
      assert.deepEqual(session.audio('start_speaker_registration', { speaker_id: speakerId }), voice);
    }
    assert.deepEqual(session.audio('start_transcription'), talk);
    const answers = heard(client, 'transcription');
    const ids = answers.map((answer) => answer.segment_id);
    assert.deepEqual(ids, ids.map((_, i) => i));
    assert.deepEqual(heard(client, 'error'), []);
    assert.deepEqual(heard(client, 'overrun'), []);
    await client.close();
  });
}

test('a transcription that is ended for its length goes on by itself, dated from the beginning', async () => {
  server.maxAudioSamples = 102_400;
  const talk = audio(330_000, 5);
  const client = newClient();
  const stopped = await converse(client, talk);
  const [session] = server.sessions;
  assert.deepEqual(session.audio('start_transcription'), talk);

  const part = 102_400; // whole chunks
  const renewals = heard(client, 'renewed').map(({ offsetSeconds }) => offsetSeconds);
  assert.deepEqual(renewals, [1, 2, 3].map((i) => (i * part) / 16_000));
  assert.equal(stopped.offset_seconds, (3 * part) / 16_000);
  const answers = heard(client, 'transcription');
  const starts = [0, 1, 2].flatMap((i) => [0, 1, 2, 3, 4, 5].map((s) => s + (i * part) / 16_000));
  starts.push((3 * part) / 16_000);
  assert.deepEqual(
    answers.map((answer) => answer.start_seconds),
    starts.map((start) => Math.round(1000 * start) / 1000)
  );
  assert.deepEqual(answers.map((answer) => answer.segment_id), answers.map((_, i) => i));
  for (const answer of answers) {
    const { start_seconds: start, end_seconds: end, timestamp, tokens } = answer;
    assert.ok(Math.abs(end - start - 1) < 1e-9);
    assert.ok(Math.abs(tokens[0].start_seconds - start - 0.25) < 1e-9);
    assert.ok(Math.abs(Date.parse(timestamp) - 1_755_754_200_000 - 1000 * start) <= 1);
  }
  await client.close();
});

test('without the wish to go on, the limit is told and nothing is begun', async () => {
  server.maxAudioSamples = 40_000;
  const client = newClient({ renew: false });
  await client.connect();
  await enrol(client);
  await client.startTranscription();
  await play(client, audio(60_000, 6));
  await assert.rejects(client.stopTranscription(), { code: 'TRANSCRIPTION_FAILED', reason: 'audio_limit' });
  assert.equal(client.state, 'ready');
  await client.startTranscription();
  await client.close();
});

test('a stop that crosses the limit is answered once all audio was taken', async () => {
  server.maxAudioSamples = 40_448;
  const talk = audio(40_449, 7); // the limit is reached with the last chunk
  const client = newClient();
  await client.connect();
  await enrol(client);
  await client.startTranscription();
  client.sendAudio(talk);
  const stopped = await client.stopTranscription();
  assert.equal(stopped.offset_seconds, 40_448 / 16_000);
  assert.deepEqual(server.sessions[0].audio('start_transcription'), talk);
  assert.deepEqual(heard(client, 'error'), []);
  await client.startSpeakerRegistration(0); // the session is where it seems to be
  await client.close();
});

test('what goes on without a way back is renewed from what was sent lately', async () => {
  server.maxAudioSamples = 70_000;
  const talk = audio(300_000, 8);
  const client = newClient({ resume: false });
  await converse(client, talk);
  assert.deepEqual(server.sessions[0].audio('start_transcription'), talk);
  await client.close();
});

test('a session that the server does not know any more is told to be lost, and another can begin', async () => {
  const client = newClient();
  await client.connect();
  await enrol(client);
  await client.startTranscription();
  await client.sendAudio(audio(4096, 1));
  const stopped = client.stopTranscription();
  const lost = new Promise((resolve) => client.on('lost', resolve));
  const [session] = server.sessions;
  server.forget();
  session.socket.terminate();
  assert.equal((await lost).reason, 'lost');
  await assert.rejects(stopped, { code: 'CONNECTION_FAILED', reason: 'lost' });
  assert.equal(client.state, 'ready');
  await enrol(client);
  assert.deepEqual([...server.sessions[0].speakerIds], [0, 1]);
  await client.close();
});

test('without resumption a lost connection is the end', async () => {
  const client = newClient({ resume: false });
  await client.connect();
  const closed = new Promise((resolve) => client.on('closed', resolve));
  server.sessions[0].socket.terminate();
  const { code, error } = await closed;
  assert.equal(code, 1006);
  assert.equal(error.reason, 'closed');
  assert.equal(client.state, 'closed');
  assert.equal(server.offered.length, 1);
});

test('what a client presents goes into subprotocols, never into the address', async () => {
  const client = newClient({ token: 'let-me-in' });
  await client.connect();
  const back = new Promise((resolve) => client.on('reconnected', resolve));
  server.sessions[0].socket.terminate();
  await back;
  const [first, second] = server.offered;
  assert.deepEqual(first, ['hwaja', 'hwaja.resume', 'hwaja.bearer.let-me-in']);
  assert.match(second[1], /^hwaja\.resume\.[0-9a-f]{16}$/);
  await client.close();
  const plain = newClient({ resume: false });
  await plain.connect();
  assert.deepEqual(server.offered[2], ['']);
  await plain.close();
});

test('a token that no subprotocol can hold is refused where it is given', () => {
  for (const token of ['let/me/in', 'let-me-in=', 'let me in', 'let-me-in\n', '']) {
    assert.throws(() => newClient({ token }), TypeError);
  }
  newClient({ token: '-let_me.in~1+2' });
});

test('an end that the client wants ends the session with code 1000', async () => {
  const client = newClient();
  await client.connect();
  const gone = once(server.sessions[0].socket, 'close');
  await client.close();
  assert.equal((await gone)[0], 1000);
  assert.deepEqual(heard(client, 'closed'), [{ code: 1000, error: null }]);
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`each turn is finalized once, however often the connection is lost (${seed})`, async () => {
    const roll = dice(seed);
    let cuts = 0;
    server.isCut = (_, session) => session.state === 'transcribing' && cuts < 12 && roll() < 0.08 && ++cuts > 0;
    const client = newClient();
    await client.connect();
    await enrol(client);
    await client.startTranscription();
    const told = [];
    client.on('finalized', ({ received_samples }) => told.push(received_samples));
    const answers = [];
    for (let turn = 0; turn < 8; turn++) {
      await play(client, audio(9001, turn));
      answers.push(client.finalize());
    }
    const expected = [...Array(8).keys()].map((turn) => 9001 * (turn + 1));
    assert.deepEqual((await Promise.all(answers)).map((each) => each.received_samples), expected);
    await client.stopTranscription();
    assert.deepEqual(told, expected);
    assert.deepEqual(heard(client, 'error'), []);
    await client.close();
  });
}

test('a turn that is behind the longest transcription is finalized in the next one', async () => {
  server.maxAudioSamples = 20 * 1024;
  const client = newClient();
  await client.connect();
  await enrol(client);
  await client.startTranscription();
  const sending = play(client, audio(50_000, 3));
  const finalized = await client.finalize();
  await sending;
  await client.stopTranscription();
  assert.equal(heard(client, 'renewed').length > 0, true);
  assert.deepEqual(heard(client, 'error'), []);
  assert.equal(finalized.received_samples > 0, true);
  await client.close();
});

for (const seed of [1, 2, 3, 4]) {
  test(`a pause survives lost connections, and every sample is counted (${seed})`, async () => {
    const roll = dice(seed);
    let cuts = 0;
    const isOpen = (session) => ['transcribing', 'paused'].includes(session.state);
    server.isCut = (_, session) => isOpen(session) && cuts < 12 && roll() < 0.1 && ++cuts > 0;
    const client = newClient();
    await client.connect();
    await enrol(client);
    await client.startTranscription();
    const told = [];
    for (const type of ['transcription_paused', 'transcription_resumed', 'transcription_updated']) {
      client.on(type, ({ received_samples: samples }) => told.push([type, samples]));
    }
    const answers = [];
    for (let turn = 0; turn < 4; turn++) {
      await play(client, audio(7001, turn));
      answers.push(client.pauseTranscription());
      await play(client, audio(7001, turn));
      answers.push(client.resumeTranscription(), client.updateTranscription({ adapt: true }));
    }
    await Promise.all(answers);
    await client.stopTranscription();
    const expected = [1, 3, 5, 7].flatMap((part) => [
      ['transcription_paused', 7001 * part],
      ['transcription_resumed', 7001 * (part + 1)],
      ['transcription_updated', undefined],
    ]);
    assert.deepEqual(told, expected);
    assert.deepEqual(heard(client, 'error'), []);
    await client.close();
  });
}
