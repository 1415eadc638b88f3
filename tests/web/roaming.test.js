/** Going on at another server: every second is answered once, in order, whichever server dies. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { STTClient } from 'hwaja';
import { WebSocket } from 'ws';

import { FakeServer } from './fake-server.js';
import { setUp } from './scenes.js';
import { Clock, scriptedSockets } from './scripted-socket.js';
import { blocks, dice, noise } from './signals.js';

/** A second is 50 ms. */
const CLOCK = {
  now: () => performance.now() / 50,
  after(seconds, action) {
    const timer = setTimeout(action, 50 * seconds);
    return () => clearTimeout(timer);
  },
};

const VOICE = audio(40_000, 11);

function audio(samples, seed) {
  return Int16Array.from(noise(samples, seed), (sample) => 32_767 * sample);
}

async function withServers(work) {
  const servers = [await new FakeServer().start(), await new FakeServer().start()];
  try {
    await work(servers);
  } finally {
    servers.forEach((server) => server.stop());
  }
}

function roamer(servers, options = {}) {
  const client = new STTClient(servers.map(({ url }) => url), { WebSocket, clock: CLOCK, ...options });
  client.heard = [];
  const types = ['transcription', 'interim', 'roamed', 'lost', 'overrun', 'error', 'closed', 'renewed'];
  types.push('transcription_paused', 'limit_warning');
  for (const type of types) client.on(type, (detail) => client.heard.push({ type, detail }));
  return client;
}

function heard(client, type) {
  return client.heard.filter((each) => each.type === type).map(({ detail }) => detail);
}

async function enrol(client) {
  for (const speakerId of [0, 1]) {
    await client.startSpeakerRegistration(speakerId);
    await client.sendAudio(VOICE);
    await client.completeSpeakerRegistration(speakerId);
  }
}

async function play(client, samples, random) {
  for (const block of blocks(samples, () => 1 + Math.floor(9000 * random()))) {
    await client.sendAudio(block);
  }
}

for (let seed = 0; seed < 20; seed++) {
  test(`whichever server dies, nothing is lost and nothing told twice (dice ${seed})`, async () => {
    await withServers(async (servers) => {
      const random = dice(seed);
      const seconds = 12 + Math.floor(6 * random());
      const talk = audio(16_000 * seconds + 512, 100 + seed); // it answers whole frames
      let isCalm = seed % 2 === 1; // every second time, only the transcription is disturbed
      for (const server of servers) {
        server.isCut = () => {
          if (isCalm || random() > 0.03) return false;
          if (random() < 0.5) server.die();
          return true;
        };
      }
      const client = roamer(servers);
      await client.connect();
      await enrol(client);
      isCalm = false;
      await client.startTranscription();
      await play(client, talk, random);
      await client.stopTranscription();
      isCalm = true;
      await client.close();
      const answers = heard(client, 'transcription');
      const each = Array.from({ length: seconds }, (_, second) => second);
      assert.deepEqual(answers.map(({ start_seconds: start }) => start), each);
      assert.deepEqual(answers.map(({ segment_id: id }) => id), each);
      for (const type of ['lost', 'overrun', 'error']) assert.deepEqual(heard(client, type), []);
    });
  });
}

for (let seed = 0; seed < 10; seed++) {
  test(`a session that has lasted as long as it may goes on in another, unnoticed (dice ${seed})`, async () => {
    await withServers(async (servers) => {
      const random = dice(seed);
      const talk = audio(16_000 * 14 + 512, 200 + seed);
      // Voices are heard too. Sometimes the end is not warned of.
      const [voices] = servers.map((server) => {
        server.maxSessionSamples = 80_000 + 40_000 + Math.floor(100_000 * random());
        if (seed % 3 > 0) server.warnAtSamples = server.maxSessionSamples - Math.floor(30_000 * random());
        return server.sessions;
      });
      const client = roamer(servers);
      const states = [];
      client.on('state', (state) => states.push(state));
      await client.connect();
      await enrol(client);
      states.length = 0;
      await client.startTranscription();
      await play(client, talk, random);
      await client.stopTranscription();
      const answers = heard(client, 'transcription');
      const each = Array.from({ length: 14 }, (_, second) => second);
      assert.deepEqual(answers.map(({ start_seconds: start }) => start), each);
      assert.deepEqual(answers.map(({ segment_id: id }) => id), each);
      assert.ok(voices.length > 1);
      assert.deepEqual(states, ['transcribing', 'draining', 'ready']);
      for (const type of ['lost', 'overrun', 'error', 'closed', 'limit_warning']) {
        assert.deepEqual(heard(client, type), []);
      }
      assert.equal(servers[0].sessions.filter(({ socket }) => socket.readyState === 1).length, 1);
      await client.close();
    });
  });
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

test('a page that is loaded anew goes on with the ids and times of the one before', async () => {
  await withServers(async ([server]) => {
    server.maxAudioSamples = 48_000;
    const first = roamer([server]);
    const { session_token: sessionToken } = await first.connect();
    await enrol(first);
    await first.startTranscription();
    await play(first, audio(16_000 * 6, 1), dice(1));
    while (heard(first, 'transcription').length < 5) await new Promise(setImmediate);
    const { progress } = first;
    first._link._reset(); // the page is gone, and has closed nothing
    const second = roamer([server]);
    const asked = { sessionToken, progress: JSON.parse(JSON.stringify(progress)) };
    assert.equal((await second.connect(asked)).state, 'transcribing');
    await play(second, audio(16_000 * 3, 2), dice(2));
    await second.stopTranscription();
    const answers = [first, second].flatMap((client) => heard(client, 'transcription'));
    assert.deepEqual(answers.map(({ segment_id: id }) => id), [...answers.keys()]);
    const starts = answers.map(({ start_seconds: start }) => start);
    assert.deepEqual(starts, [...starts].sort((one, other) => one - other));
    assert.ok(heard(second, 'transcription').length >= 2);
    assert.deepEqual(heard(second, 'overrun'), []);
  });
});

test('the first server that answers gets the session, and the client says which', async () => {
  await withServers(async ([gone, there]) => {
    gone.stop();
    const client = roamer([gone, there]);
    await client.connect();
    assert.equal(client.url, there.url);
    await client.close();
  });
});

test('what was shown of an unfinished utterance is taken back when its server dies', async () => {
  await withServers(async (servers) => {
    const client = roamer(servers);
    await client.connect();
    await enrol(client);
    await client.startTranscription({ interimResults: true });
    servers[0].sessions[0].say('interim', { segment_id: 0, text: '안녕', stable_chars: 0 });
    await told(client, 'interim');
    servers[0].stop();
    await told(client, 'roamed');
    const taken = heard(client, 'interim').pop();
    assert.deepEqual([taken.segment_id, taken.text], [0, '']);
    assert.equal(client.url, servers[1].url);
    await client.close();
  });
});

test('a server with another key cannot take over: the client comes back, or the voices are lost', async () => {
  await withServers(async (servers) => {
    servers[1].key = 'another';
    const client = roamer(servers);
    await client.connect();
    await enrol(client);
    servers[0].sessions[0].socket.terminate(); // the network fails, the server does not
    await new Promise((resolve) => client.on('reconnected', resolve));
    assert.equal(client.url, servers[0].url);
    servers[0].stop();
    await told(client, 'lost');
    assert.equal(client.state, 'closed');
  });
});

test('a pause comes along to another server, and is told once', async () => {
  await withServers(async (servers) => {
    const client = roamer(servers);
    await client.connect();
    await enrol(client);
    await client.startTranscription();
    await client.sendAudio(audio(20_000, 3));
    await client.pauseTranscription();
    servers[0].stop();
    await told(client, 'roamed');
    await client.sendAudio(audio(20_000, 4)); // the server that took over hears how far the pause is
    while (servers[1].sessions[0].state !== 'paused') await new Promise(setImmediate);
    await client.resumeTranscription();
    assert.equal(heard(client, 'transcription_paused').length, 1);
    assert.deepEqual(heard(client, 'error'), []);
    await client.close();
  });
});

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

function told(client, type) {
  return new Promise((resolve) => client.on(type, resolve));
}
