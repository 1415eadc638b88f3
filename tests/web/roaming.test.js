/** Going on at another server: every second is answered once, in order, whichever server dies. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { STTClient } from 'hwaja';
import { WebSocket } from 'ws';

import { FakeServer } from './fake-server.js';
import { blocks, dice, noise } from './signals.js';
import { setUp } from './scenes.js';

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
