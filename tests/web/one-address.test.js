/** What a client does that knows one address: a balancer stands there, or one server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { STTClient } from 'hwaja';

import { setUp, told } from './scenes.js';
import { Clock, scriptedSockets } from './scripted-socket.js';

function oneAddress() {
  const { ScriptedSocket, sockets } = scriptedSockets();
  const clock = new Clock();
  const client = new STTClient(['wss://fleet.example'], {
    WebSocket: ScriptedSocket,
    clock,
    random: () => 1,
  });
  return { client, clock, sockets };
}

async function atOneAddress() {
  const scene = oneAddress();
  const connecting = scene.client.connect();
  scene.sockets[0].greet({ session_token: 'a.T' });
  await connecting;
  assert.ok(scene.sockets[0].protocols.includes('hwaja.roam'));
  return scene;
}

test('a link comes along to the session that takes over, before anything is said there', async () => {
  const { client, clock, sockets } = await atOneAddress();
  client.startTranscription({ speakers: 'discover' });
  sockets[0].say('transcription_started', { number: 1 });
  const sharing = client.share();
  const { request_id } = sockets[0].sent[1];
  sockets[0].say('session_shared', { token: 'T', key: 'K', request_id, number: 2 });
  await sharing;
  sockets[0].say('limit_warning', { number: 3, reason: 'session_limit', seconds_left: 60 });
  clock.turn(30);
  sockets[1].greet({ session_token: 'b.T' });
  assert.deepEqual(sockets[1].types, ['share_session', 'start_transcription']);
  assert.equal(sockets[1].sent[0].key, 'K');
  client.stopSharing();
  const ended = sockets[1].sent[2];
  sockets[1].say('session_shared', { request_id: ended.request_id, number: 1 });
  sockets[1].end(1001);
  clock.turn(1);
  sockets[2].greet({ session_token: 'c.T' });
  assert.deepEqual(sockets[2].types, ['start_transcription']);
});

/** A conversation of people whom the server has discovered, in a session that is left. */
async function discovered(voices, names) {
  const scene = await atOneAddress();
  const { client, clock, sockets } = scene;
  client.startTranscription({ speakers: 'discover' });
  assert.equal(sockets[0].sent[0].tickets, true);
  sockets[0].say('transcription_started', { number: 1 });
  for (const [speaker_id, ticket] of voices) sockets[0].say('voice_sealed', { speaker_id, ticket });
  names.forEach(([speaker_id, name], place) => {
    client.nameSpeaker(speaker_id, name);
    sockets[0].say('speaker_named', { number: 2 + place, speaker_id, name });
  });
  sockets[0].say('limit_warning', { number: 9, reason: 'session_limit', seconds_left: 60 });
  clock.turn(30);
  sockets[1].greet({ session_token: 'b.T' });
  return scene;
}

function restored(socket) {
  return socket.sent.filter(({ type }) => type === 'restore_speaker').map(({ speaker_id: id, ticket }) => [id, ticket]);
}

test('people whom the server discovered come along with their ids and names', async () => {
  const voices = [[0, 'a'], [1, 'b'], [1, 'c'], [2, 'd'], [2, undefined]];
  const { client, sockets } = await discovered(voices, [[1, '미나'], [2, '지수']]);
  const roaming = told(client, 'roamed');
  assert.deepEqual(restored(sockets[1]), [[0, 'a'], [1, 'c']], 'the last ticket of each, unless it is gone');
  for (const speaker_id of [0, 1]) sockets[1].say('speaker_registration_completed', { speaker_id, number: 1 + speaker_id });
  assert.deepEqual((await roaming).speaker_ids, [0, 1]);
  const [, , naming, start] = sockets[1].sent;
  assert.deepEqual([naming.type, naming.speaker_id, naming.name], ['name_speaker', 1, '미나']);
  assert.deepEqual([start.type, start.tickets], ['start_transcription', true]);
});

test('a discovered voice that is refused is left behind, with its name, and the session goes on', async () => {
  const { client, clock, sockets } = await discovered([[0, 'a'], [1, 'b']], [[0, '미나'], [1, '지수']]);
  const roaming = told(client, 'roamed');
  const why = { code: 'SPEAKER_REGISTRATION_FAILED', reason: 'ticket_expired', message: '' };
  sockets[1].say('error', { ...why, speaker_id: 0, number: 1 });
  sockets[1].say('speaker_registration_completed', { speaker_id: 1, number: 2 });
  assert.deepEqual((await roaming).speaker_ids, [1]);
  assert.deepEqual(sockets[1].types.slice(2), ['name_speaker', 'start_transcription']);
  // In the next session, too, the one who has the id 0 now is not called as the other was.
  sockets[1].say('transcription_started', { number: 3 });
  sockets[1].say('voice_sealed', { speaker_id: 0, ticket: 'c' });
  sockets[1].end(1001);
  clock.turn(1);
  sockets[2].greet({ session_token: 'c.T' });
  for (const speaker_id of [1, 0]) sockets[2].say('speaker_registration_completed', { speaker_id, number: 3 - speaker_id });
  const names = sockets[2].sent.filter(({ type }) => type === 'name_speaker').map(({ name }) => name);
  assert.deepEqual(names, ['지수']);
});

test('a page that is loaded anew can bring along who was named before, once it is told their voices', async () => {
  const { client, clock, sockets } = oneAddress();
  const connecting = client.connect({ sessionToken: 'a.S', transcription: { speakers: 'discover' } });
  sockets[0].greet({ resumed: true, state: 'transcribing', speaker_ids: [0, 1], received_samples: 0 });
  await connecting;
  sockets[0].say('voice_sealed', { speaker_id: 0, ticket: 'a' });
  sockets[0].say('voice_sealed', { speaker_id: 1 });
  sockets[0].end(1001);
  clock.turn(1);
  sockets[1].greet({ session_token: 'b.T' });
  assert.deepEqual(restored(sockets[1]), [[0, 'a']]);
});

test('where the session to come is refused, the place of this one is given for it', async () => {
  const { client, clock, sockets } = await atOneAddress();
  client.startTranscription({ speakers: 'discover' });
  sockets[0].say('transcription_started', { number: 1 });
  sockets[0].say('limit_warning', { number: 2, reason: 'session_limit', seconds_left: 60 });
  clock.turn(29);
  assert.equal(sockets.length, 1);
  clock.turn(1);
  assert.ok(sockets[1].protocols.includes('hwaja.resume'));
  assert.deepEqual([client.state, sockets[0].closedWith], ['transcribing', undefined]);
  sockets[1].say('error', { code: 'CONNECTION_FAILED', reason: 'server_full', message: '' });
  sockets[1].end(1013);
  assert.deepEqual([client.state, sockets[0].closedWith], ['reconnecting', 1000]);
  clock.turn(1);
  sockets[2].greet({ session_token: 'b.T' });
  assert.equal(client.state, 'transcribing');
});

test('who has voices without tickets is told that the session ends', async () => {
  const { client, clock, sockets } = oneAddress();
  client.heard = [];
  client.on('limit_warning', (warning) => client.heard.push(warning));
  const connecting = client.connect({ sessionToken: 'a.S' });
  sockets[0].greet({ resumed: true, state: 'ready', speaker_ids: [0, 1], received_samples: 0 });
  await connecting;
  sockets[0].say('limit_warning', { number: 1, reason: 'session_limit', seconds_left: 60 });
  assert.equal(client.heard.length, 1);
  clock.turn(60);
  assert.equal(sockets.length, 1);
});

test('a client that is sent away begins anew at the same address, without its token', async () => {
  const { client, clock, sockets } = await atOneAddress();
  sockets[0].end(1001);
  clock.turn(1);
  assert.ok(sockets[1].protocols.includes('hwaja.resume'));
  sockets[1].greet({ session_token: 'b.T' });
  assert.equal(client.state, 'ready');
});

test('behind one address, a server that is full is asked again until another one answers', async () => {
  const { client, clock, sockets } = await atOneAddress();
  sockets[0].end(1006);
  clock.turn(1);
  assert.ok(sockets[1].protocols.includes('hwaja.resume.a.T'));
  sockets[1].say('error', { code: 'CONNECTION_FAILED', reason: 'server_full', message: '' });
  sockets[1].end(1013);
  clock.turn(1);
  assert.ok(sockets[2].protocols.includes('hwaja.resume')); // the session is not there
  sockets[2].greet({ session_token: 'b.T' });
  assert.equal(client.state, 'ready');
});

test('a first connection that fails behind one address is tried once more', async () => {
  const { client, sockets } = oneAddress();
  const connecting = client.connect();
  sockets[0].end(1006);
  sockets[1].greet();
  await connecting;
  assert.equal(client.state, 'ready');
});

test('a client with one address asks for nothing that only a roaming one needs', async () => {
  const { client, sockets } = setUp();
  const connecting = client.connect();
  sockets[0].greet();
  await connecting;
  client.startTranscription();
  assert.deepEqual(sockets[0].sent, [{ type: 'start_transcription', details: true }]);
});

test('an address that is none is refused, wherever it stands', () => {
  assert.throws(() => new STTClient([]), TypeError);
  assert.throws(() => new STTClient(['wss://a.example', 'https://b.example']), TypeError);
});
