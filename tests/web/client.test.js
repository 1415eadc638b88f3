/** What is said to the server, and what its answers come to. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { STTClient } from 'hwaja';

import { connected, enrolling, transcribing } from './scenes.js';

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
    speakers: 'discover',
    strangers: 'separate',
    maxSpeakers: 3,
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
      speakers: 'discover',
      strangers: 'separate',
      max_speakers: 3,
      language: 'ko',
      hotwords: ['복지관', { text: '화자', boost: 2 }],
      details: true,
    },
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

test('a speaker gets a name while a conversation goes on, and who asks is told', async () => {
  const { client, socket } = await transcribing();
  const told = [];
  client.on('speaker_named', ({ name }) => told.push(name));
  const named = client.nameSpeaker(2, '김지영');
  assert.deepEqual(socket.sent[socket.sent.length - 1], {
    type: 'name_speaker',
    speaker_id: 2,
    name: '김지영',
  });
  socket.say('speaker_named', { speaker_id: 2, name: '김지영', number: 2 });
  assert.equal((await named).name, '김지영');
  assert.deepEqual(told, ['김지영']);
  assert.equal(client.state, 'transcribing');
});

test('a speaker whom nobody knows gets no name; the enrolment that goes on does not fail', async () => {
  const { client, socket, of } = await enrolling();
  const first = client.nameSpeaker(0, 'a');
  const refused = client.nameSpeaker(4, 'b');
  const code = 'SPEAKER_NAMING_FAILED';
  socket.say('error', { code, reason: 'unknown_speaker', speaker_id: 4, message: '' });
  await assert.rejects(refused, { code, reason: 'unknown_speaker', speakerId: 4 });
  socket.say('speaker_named', { speaker_id: 0, name: 'a' });
  await first;
  assert.deepEqual([client.state, of('error')], ['enrolling', []]);
  await assert.rejects(new STTClient('wss://stt.example/').nameSpeaker(0, 'a'), { code, reason: 'wrong_state' });
});

test('a session is shared at any time, and asked again where the answer may be lost', async () => {
  const { client, clock, sockets, socket } = await transcribing();
  const sharing = client.share();
  const { request_id } = socket.sent[socket.sent.length - 1];
  assert.deepEqual(socket.sent.slice(-1), [{ type: 'share_session', request_id }]);
  socket.end(1006);
  clock.turn(1);
  sockets[1].greet({ resumed: true, state: 'transcribing', received_samples: 0 });
  assert.deepEqual(sockets[1].sent, socket.sent.slice(-1));
  sockets[1].say('session_shared', { token: 'T', key: 'K', request_id, number: 2 });
  assert.deepEqual(await sharing, { token: 'T', key: 'K', link: 'https://stt.example/subtitles#T' });
  const ending = client.stopSharing();
  const last = sockets[1].sent[1];
  assert.deepEqual([last.type, last.end], ['share_session', true]);
  sockets[1].say('session_shared', { request_id: last.request_id, number: 3 });
  await ending;
});

test('a server that is too old to share says so, and the transcription goes on', async () => {
  const { client, socket, of } = await transcribing();
  const sharing = client.share();
  const { request_id } = socket.sent[socket.sent.length - 1];
  socket.say('error', { code: 'INVALID_MESSAGE', reason: 'unknown_type', message: '', request_id });
  await assert.rejects(sharing, { reason: 'unknown_type' });
  assert.deepEqual([client.state, of('error')], ['transcribing', []]);
});

test('finalize stands behind the audio before it, and resolves with its own answer', async () => {
  const { client, socket, of } = await transcribing();
  const told = [];
  client.on('finalized', ({ received_samples }) => told.push(received_samples));
  client.sendAudio(second);
  const first = client.finalize();
  client.sendAudio(second.subarray(0, 100));
  const another = client.finalize();
  const sent = socket.sent.slice(-7);
  assert.deepEqual(sent.filter(({ type }) => type), [
    { type: 'finalize', request_id: 1 },
    { type: 'finalize', request_id: 2 },
  ]);
  assert.deepEqual(sent.map(({ length }) => length), [4096, 4096, 4096, 3712, undefined, 100, undefined]);
  socket.say('finalized', { received_samples: 16_000, request_id: 1, number: 2 });
  assert.equal((await first).received_samples, 16_000);
  socket.say('finalized', { received_samples: 16_100, request_id: 2, number: 3 });
  assert.equal((await another).received_samples, 16_100);
  assert.deepEqual(told, [16_000, 16_100]);
  assert.deepEqual(of('error'), []);
});

test('finalize is refused outside of a transcription, and where the session is over', async () => {
  const { client } = await connected();
  await assert.rejects(client.finalize(), { code: 'TRANSCRIPTION_FAILED', reason: 'wrong_state' });
  const scene = await transcribing({ resume: false });
  const finalizing = scene.client.finalize();
  scene.socket.end(1011);
  await assert.rejects(finalizing, { code: 'CONNECTION_FAILED' });
});

test('options change while a transcription runs, and a later part of it begins with them', async () => {
  const { client, socket, of } = await transcribing();
  const updating = client.updateTranscription({ hotwords: ['복지관'], language: null, events: ['lag'] });
  const { request_id: requestId, ...sent } = socket.sent[socket.sent.length - 1];
  const changed = { hotwords: ['복지관'], language: null, events: ['lag'] };
  assert.deepEqual(sent, { type: 'update_transcription', ...changed });
  socket.say('transcription_updated', { message: '', request_id: requestId, number: 2 });
  await updating;
  const code = 'TRANSCRIPTION_FAILED';
  socket.say('error', { code, reason: 'audio_limit', received_samples: 0, number: 3 });
  assert.deepEqual(socket.sent[socket.sent.length - 1], {
    type: 'start_transcription',
    details: true,
    ...changed,
  });
  assert.deepEqual(of('error'), []);
});

test('a change that is refused rejects, and nothing else fails', async () => {
  const { client, socket, of } = await transcribing();
  const updating = client.updateTranscription({ language: 'xx' });
  const code = 'TRANSCRIPTION_FAILED';
  socket.say('error', { code, reason: 'language_unsupported', message: '', request_id: 1, number: 2 });
  await assert.rejects(updating, { code, reason: 'language_unsupported' });
  assert.equal(client.state, 'transcribing');
  assert.deepEqual(of('error'), []);
});

test('keep_alive is sent whenever there is a connection, and nothing answers it', async () => {
  const { client, socket } = await connected();
  await client.keepAlive();
  const starting = client.startTranscription();
  socket.say('transcription_started', { number: 1 });
  await starting;
  await client.keepAlive();
  assert.deepEqual(socket.types, ['keep_alive', 'start_transcription', 'keep_alive']);
});

test('events of a transcription are told with the times and ids of the conversation', async () => {
  const { client, socket } = await transcribing();
  const told = [];
  for (const type of ['speech_started', 'speech_ended', 'utterance_dropped', 'lag']) {
    client.on(type, (event) => {
      delete event.number;
      told.push(event);
    });
  }
  client.sendAudio(second);
  socket.say('speech_started', { segment_id: 0, start_seconds: 0.5, number: 2 });
  const code = 'TRANSCRIPTION_FAILED';
  socket.say('error', { code, reason: 'audio_limit', received_samples: 16_000, number: 3 });
  socket.say('transcription_started', { number: 4 });
  socket.say('speech_started', { segment_id: 0, start_seconds: 0.25, number: 5 });
  socket.say('speech_ended', { segment_id: 0, end_seconds: 1.25, number: 6 });
  socket.say('utterance_dropped', { segment_id: 0, reason: 'noise', number: 7 });
  socket.say('lag', { seconds: 2.5, number: 8 });
  assert.deepEqual(told, [
    { type: 'speech_started', segment_id: 0, start_seconds: 0.5 },
    { type: 'speech_started', segment_id: 1, start_seconds: 1.25 },
    { type: 'speech_ended', segment_id: 1, end_seconds: 2.25 },
    { type: 'utterance_dropped', segment_id: 1, reason: 'noise' },
    { type: 'lag', seconds: 2.5 },
  ]);
});

test('the server is asked what it can do only where that is wanted', async () => {
  const { socket } = await connected({ hello: true, token: 't' });
  assert.deepEqual(socket.protocols, ['hwaja', 'hwaja.resume', 'hwaja.hello', 'hwaja.bearer.t']);
  const other = await connected();
  assert.deepEqual(other.socket.protocols, ['hwaja', 'hwaja.resume']);
});
