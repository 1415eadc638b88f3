/** How voices are enrolled: by speech, and by their tickets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { STTError } from 'hwaja';

import { connected, enrolling } from './scenes.js';

const second = new Int16Array(16_000);

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

test('a voice is sealed where it is asked for, and restored by its ticket in another session', async () => {
  const { client, socket } = await connected();
  const starting = client.startSpeakerRegistration(0, { ticket: true });
  assert.equal(socket.sent[0].ticket, true);
  socket.say('speaker_registration_started', { speaker_id: 0 });
  await starting;
  client.sendAudio(second);
  const completing = client.completeSpeakerRegistration(0);
  socket.say('speaker_registration_completed', { speaker_id: 0, ticket: 'AbC' });
  assert.equal((await completing).ticket, 'AbC');

  const later = await connected();
  const restoring = later.client.restoreSpeaker(1, 'AbC');
  assert.equal(later.client.state, 'verifying');
  later.client.sendAudio(second); // nobody hears it
  assert.deepEqual(later.socket.sent, [
    { type: 'restore_speaker', speaker_id: 1, ticket: 'AbC', details: true },
  ]);
  later.socket.say('speaker_registration_completed', { speaker_id: 1 });
  assert.equal((await restoring).speaker_id, 1);
  assert.equal(later.client.state, 'ready');
  assert.equal(later.socket.sentSamples, 0);
});

test('a ticket that is no good rejects with the reason, and the session goes on', async () => {
  const { client, socket, of } = await connected();
  for (const reason of ['ticket_expired', 'ticket_foreign', 'same_voice', 'bad_field']) {
    const restoring = client.restoreSpeaker(0, 'AbC');
    const code = 'SPEAKER_REGISTRATION_FAILED';
    socket.say('error', { code, reason, speaker_id: 0 });
    await assert.rejects(restoring, { reason, speakerId: 0 });
    assert.equal(client.state, 'ready');
  }
  assert.deepEqual(of('error'), []);
});

test('a voice cannot be restored while something else goes on', async () => {
  const { client, socket } = await enrolling();
  const sent = socket.sent.length;
  await assert.rejects(client.restoreSpeaker(1, 'AbC'), { reason: 'wrong_state' });
  assert.equal(socket.sent.length, sent);
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
