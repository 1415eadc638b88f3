/** A socket that is slow, and a server that cannot keep up: what waits, and what is lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { transcribing } from './scenes.js';

const second = new Int16Array(16_000);

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

test('a client that is too far ahead holds on until it is told to go on', async () => {
  const { client, clock, socket } = await transcribing({ resume: false });
  client.sendAudio(second);
  socket.say('too_far_ahead', { waiting_seconds: 31.5, hold: true });
  client.sendAudio(second);
  clock.turn(60);
  assert.equal(socket.sentSamples, 16_000);
  socket.say('too_far_ahead', { waiting_seconds: 0, hold: false });
  assert.equal(socket.sentSamples, 2 * 16_000);
});

test('who was told to hold on does not take a silent server for gone, nor hold on on the next connection', async () => {
  const { client, clock, sockets, socket, of } = await transcribing();
  for (let i = 0; i < 3; i++) client.sendAudio(second);
  socket.say('too_far_ahead', { waiting_seconds: 31.5, hold: true });
  for (let i = 0; i < 60; i++) {
    clock.turn(1);
    client.sendAudio(new Int16Array(160));
  }
  assert.deepEqual(of('reconnecting'), []);
  socket.end(1006);
  clock.turn(0.25);
  sockets[1].greet({ resumed: true, session_token: 'U', state: 'transcribing', received_samples: 0 });
  assert.equal(sockets[1].sentSamples, 3 * 16_000 + 60 * 160);
});
