/** Going on at another server: every second is answered once, in order, whichever server dies. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { STTClient } from 'hwaja';
import { WebSocket } from 'ws';

import { FakeServer } from './fake-server.js';
import { told } from './scenes.js';
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
