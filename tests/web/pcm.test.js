/** PCM16 as the specification wants it, in chunks, and levels. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Chunker, convertToPCM16 } from 'hwaja';

import { LevelMeter } from '../../python/hwaja/web/client/level.js';
import { blocks, dice, joined, noise, tone } from './signals.js';

/** The specification's function, section 4.1, word for word. */
function specified(float32Array) {
    const buffer = new ArrayBuffer(float32Array.length * 2);
    const view = new DataView(buffer);
    let offset = 0;

    for (let i = 0; i < float32Array.length; i++, offset += 2) {
        let s = Math.max(-1, Math.min(1, float32Array[i]));
        view.setInt16(offset, s < 0 ? s * 0x8000 : s * 0x7FFF, true);
    }

    return buffer;
}

const EDGES = [
  0, -0, 1, -1, 1.5, -1.5, Infinity, -Infinity, NaN, 1e-45, -1e-45, 0.99999994, -0.99999994,
  1 / 0x7fff, -1 / 0x8000, 0.5 / 0x7fff, -0.5 / 0x8000, 32766.5 / 0x7fff, -32767.5 / 0x8000,
];

test('audio is converted bit for bit as the specification does it', () => {
  const loud = noise(100_000).map((sample) => 1.3 * sample);
  const every = Float32Array.from({ length: 65_536 }, (_, i) => (i - 32_768) / 32_768);
  for (const audio of [Float32Array.from(EDGES), loud, every, new Float32Array(0)]) {
    assert.deepEqual(new Uint8Array(convertToPCM16(audio)), new Uint8Array(specified(audio)));
  }
});

test('what is converted is a part of a buffer where that is what is given', () => {
  const audio = noise(100);
  assert.deepEqual(convertToPCM16(audio.subarray(10, 20)), specified(audio.slice(10, 20)));
});

test('chunks are of one length and hold every sample once, whatever the blocks', () => {
  const audio = noise(50_000);
  const random = dice(2);
  const chunker = new Chunker();
  const chunks = [];
  for (const block of blocks(audio, () => Math.floor(random() * 9000))) {
    chunks.push(...chunker.push(block));
  }
  assert.deepEqual(new Set(chunks.map((chunk) => chunk.length)), new Set([4096]));
  const whole = joined([...chunks, chunker.flush()], Int16Array);
  assert.deepEqual(whole, new Int16Array(specified(audio)));
  assert.equal(chunker.flush(), null);
});

test('a level is told for every 50 ms, on the scale of the confidence that the server tells', () => {
  const meter = new LevelMeter();
  const square = Float32Array.from({ length: 800 }, (_, i) => (i % 2 ? 1 : -1));
  assert.deepEqual(meter.push(square.subarray(0, 799)), []);
  assert.deepEqual(meter.push(square.subarray(799)), [{ peakDbfs: 0, rmsDbfs: 0 }]);
  const [sine] = meter.push(tone(1000, 16_000, 800, 1));
  assert.ok(Math.abs(sine.rmsDbfs + 3.01) < 0.01);
  assert.deepEqual(meter.push(new Float32Array(1600)), [
    { peakDbfs: -120, rmsDbfs: -120 },
    { peakDbfs: -120, rmsDbfs: -120 },
  ]);
});
