/** The audio that is kept: beside a plain list of all samples, whatever is asked of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AudioFormat } from '../../python/hwaja/web/client/audio-format.js';
import { AudioStore } from '../../python/hwaja/web/client/audio-store.js';
import { OpusFormat } from '../../python/hwaja/web/client/opus-format.js';
import { opusSamples } from '../../python/hwaja/web/client/opus-packets.js';
import { dice } from './signals.js';

/** Samples that are told from each other. */
function counted(from, samples) {
  return Int16Array.from({ length: samples }, (_, i) => from + i);
}

test('of two channels a position counts the samples of each', () => {
  const format = new AudioFormat({ encoding: 'f32', sampleRate: 32000, channels: 2 });
  const store = new AudioStore(50);
  store.begin(true, format);
  const spoken = Float32Array.from({ length: 240 }, (_, i) => i / 240);
  assert.equal(store.append(spoken), 20); // there is room for 100 samples of each, at twice the rate
  assert.deepEqual(store.next(30), spoken.subarray(0, 60));
  store.next(70);
  store.rewind(40);
  assert.deepEqual(store.next(1000), spoken.subarray(80, 200));
  store.begin(true);
  assert.equal(store.append(counted(0, 60)), 10); // as specified again
});

test('audio that is not encoded as told is no audio', () => {
  const call = new AudioFormat({ encoding: 'mulaw', sampleRate: 8000, channels: 2 });
  assert.deepEqual(JSON.parse(JSON.stringify({ audio: call })), {
    audio: { encoding: 'mulaw', sample_rate: 8000, channels: 2 },
  });
  assert.equal(JSON.stringify({ audio: new AudioFormat({ sampleRate: 16000 }) }), '{}');
  assert.equal(call.samplesOf(new ArrayBuffer(4)).length, 4);
  assert.throws(() => call.samplesOf(new Uint8Array(3)), TypeError);
  assert.throws(() => call.samplesOf(new Int16Array(4)), TypeError);
  const reals = new AudioFormat({ encoding: 'f32' });
  assert.throws(() => reals.samplesOf(Float32Array.of(0, NaN)), TypeError);
  assert.throws(() => reals.samplesOf(new ArrayBuffer(6)), TypeError);
  assert.throws(() => new AudioFormat({ encoding: 'opus' }), TypeError);
});

for (let seed = 0; seed < 20; seed++) {
  test(`what is sent is what was spoken, in order, wherever the ring begins (dice ${seed})`, () => {
    const random = dice(seed);
    const below = (limit) => Math.floor(limit * random());
    const store = new AudioStore(1 + below(300));
    store.begin(true);
    const spoken = []; // from the beginning of the phase
    let sent = 0;
    for (let step = 0; step < 500; step++) {
      const samples = counted(below(30_000), below(80));
      const kept = samples.length - store.append(samples);
      spoken.push(...samples.subarray(0, kept));
      const chunk = store.next(below(60));
      assert.deepEqual([...chunk], spoken.slice(sent, sent + chunk.length));
      sent += chunk.length;
      if (random() < 0.6) store.confirm(store.start + below(sent - store.start + 1));
      if (random() < 0.1) {
        sent = store.start + below(sent - store.start + 1);
        store.rewind(sent);
      }
      if (random() < 0.05) {
        const position = store.start + below(sent - store.start + 1);
        assert.equal(store.rebase(position), 0);
        spoken.splice(0, position);
        sent = 0;
      }
      assert.equal(store.sent, sent);
      assert.equal(store.end, spoken.length);
    }
  });
}

/** An Opus packet of one CELT frame of 2.5, 5, 10 or 20 ms, told from others by its content. */
function packetOf(size, mark) {
  return Uint8Array.of((16 + size) << 3, mark & 255, mark >> 8);
}

for (let seed = 0; seed < 20; seed++) {
  test(`Opus packets are sent whole and in order, from the one that a position lies in (dice ${seed})`, () => {
    const random = dice(seed);
    const below = (limit) => Math.floor(limit * random());
    const store = new AudioStore(100_000);
    store.begin(true, new OpusFormat());
    let spoken = []; // [where it begins, packet]
    for (let step = 0; step < 500; step++) {
      const packet = packetOf(below(4), step);
      spoken.push([store.end, packet]);
      assert.equal(store.append(packet), 0);
      if (random() < 0.9) {
        const { sent } = store;
        assert.deepEqual([sent, store.next(1)], spoken.find(([at]) => at >= sent));
      }
      const position = store.start + below(store.sent - store.start + 1);
      const holds = ([at, each]) => at + opusSamples(each) > position;
      if (random() < 0.3) store.confirm(position);
      if (random() < 0.1) {
        store.rewind(position);
        const [at] = spoken.find(holds) || [store.end];
        assert.equal(store.sent, at);
      }
      if (random() < 0.05) {
        const at = Math.max(store.start, (spoken.find(holds) || [store.end])[0]);
        assert.equal(store.rebase(position), at - position);
        spoken = spoken.filter(([began]) => began >= at).map(([began, each]) => [began - at, each]);
        assert.equal(store.sent, 0);
      }
    }
  });
}

test('of Opus that is confirmed by nobody, as many packets are given up as one needs', () => {
  const store = new AudioStore(1000); // 3000 at 48 kHz
  store.begin(false, new OpusFormat());
  for (let mark = 0; mark < 3; mark++) store.append(packetOf(3, mark)); // of 960 samples each
  store.next(1);
  assert.equal(store.append(packetOf(3, 3)), 0);
  assert.equal(store.start, 960);
  assert.equal(store.append(packetOf(3, 4)), 960); // nothing else was sent
});

test('what is no Opus packet is no audio', () => {
  const opus = new OpusFormat({ channels: 2 });
  assert.deepEqual(JSON.parse(JSON.stringify({ opus })), {
    opus: { encoding: 'opus', sample_rate: 48000, channels: 2 },
  });
  assert.equal(opus.samplesOf(packetOf(3, 0).buffer).length, 3);
  const tooLong = Uint8Array.of(3 << 3 | 3, 3); // three frames of 60 ms
  for (const wrong of [new Uint8Array(0), Uint8Array.of(3), Uint8Array.of(3, 0), tooLong, new Int16Array(4)]) {
    assert.throws(() => opus.samplesOf(wrong), TypeError);
  }
});

test('of what was sent and is confirmed by nobody, the last is kept, and what is missing is counted', () => {
  const store = new AudioStore(100);
  store.begin(false);
  for (let i = 0; i < 30; i++) {
    assert.equal(store.append(counted(10 * i, 10)), 0);
    store.next(10);
  }
  assert.equal(store.rebase(250), 0);
  assert.deepEqual(store.next(1000), counted(250, 50));
  assert.equal(store.append(counted(0, 100)), 0);
  assert.equal(store.rebase(20), 30); // 50 to 149 are there, of 20 and later
  assert.equal(store.end, 100);
});

test('what is not sent yet is never given up for what comes', () => {
  const store = new AudioStore(100);
  store.begin(false);
  assert.equal(store.append(counted(0, 90)), 0);
  store.next(5);
  assert.equal(store.append(counted(90, 20)), 5);
  assert.deepEqual(store.next(1000), counted(5, 100));
});

test('a confirmation out of order changes nothing', () => {
  const store = new AudioStore(100);
  store.begin(true);
  store.append(counted(0, 50));
  store.next(20);
  store.confirm(10);
  store.confirm(5);
  store.confirm(21); // was not sent
  assert.equal(store.start, 10);
});
