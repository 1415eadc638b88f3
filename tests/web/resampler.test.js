/** From a device's rate to 16 kHz: level, aliases, length, and nothing at the edges of blocks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Resampler } from 'hwaja';

import { blocks, decibels, dice, joined, noise, rms, tone } from './signals.js';

const RATES = [8000, 11025, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000];
const ODD_RATES = [44099, 47999];

function resampled(signal, rate, length = () => 128) {
  const resampler = new Resampler(rate);
  const made = [];
  for (const block of blocks(signal, length)) made.push(resampler.process(block));
  return joined([...made, resampler.flush()]);
}

/** Without the ends, where the filter meets the silence around the signal. */
function middle(signal) {
  return signal.subarray(400, -400);
}

for (const rate of RATES) {
  const highest = 0.45 * Math.min(rate, 16_000);

  test(`from ${rate} Hz a tone in the pass band is the ideal one, level and moment`, () => {
    for (const frequency of [60, 440, 1000, 0.75 * highest, highest]) {
      const heard = middle(resampled(tone(frequency, rate, rate), rate));
      const ideal = middle(tone(frequency, 16_000, 16_000));
      assert.ok(Math.abs(decibels(rms(heard) / rms(ideal))) < 0.1, `level at ${frequency} Hz`);
      const fault = rms(heard.map((sample, i) => sample - ideal[i]));
      assert.ok(decibels(fault / rms(ideal)) < -70, `fault at ${frequency} Hz`);
    }
  });

  if (rate / 2 <= 8800) continue;
  test(`from ${rate} Hz nothing is heard that 16 kHz cannot hold`, () => {
    for (const frequency of [8800, 9500, 11_000, 15_900, 20_000, 0.49 * rate]) {
      if (frequency >= rate / 2) continue;
      const heard = middle(resampled(tone(frequency, rate, rate), rate));
      assert.ok(decibels(rms(heard) / rms(tone(100, 16_000, 16_000))) < -70, `${frequency} Hz`);
    }
  });
}

for (const rate of [...RATES, ...ODD_RATES]) {
  test(`the length of the blocks changes no bit of what comes from ${rate} Hz`, () => {
    const signal = noise(20_011);
    const whole = resampled(signal, rate, () => signal.length);
    const random = dice(rate);
    for (const length of [() => 1, () => 128, () => 8193, () => Math.floor(random() * 700)]) {
      assert.deepEqual(resampled(signal, rate, length), whole);
    }
  });
}

for (const rate of [44_100, 48_000, 16_000, 96_000, 8000, 22_050, ...ODD_RATES]) {
  test(`ten minutes at ${rate} Hz are ten minutes, in blocks of odd lengths`, () => {
    const resampler = new Resampler(rate);
    const lengths = [127, 4099, 1, 2203, 8191];
    const silence = new Float32Array(8191);
    const expected = (samples) => Math.ceil((samples * 16_000) / rate);
    let taken = 0;
    let made = 0;
    for (let i = 0; taken < 600 * rate; i++) {
      const length = Math.min(lengths[i % lengths.length], 600 * rate - taken);
      made += resampler.process(silence.subarray(0, length)).length;
      taken += length;
      assert.ok(made <= expected(taken) && made > expected(taken) - 60); // never late
    }
    made += resampler.flush().length;
    assert.equal(made, 600 * 16_000);
  });

  test(`of any number of samples at ${rate} Hz come as many as there are moments within`, () => {
    for (const samples of [0, 1, 2, 3, 100, 4410, 9999]) {
      const made = resampled(new Float32Array(samples), rate);
      assert.equal(made.length, Math.ceil((samples * 16_000) / rate));
    }
  });
}

for (const rate of ODD_RATES) {
  test(`a tone from ${rate} Hz, which no filter meets exactly, is right to 60 dB`, () => {
    const heard = middle(resampled(tone(7000, rate, 2 * rate), rate));
    const ideal = middle(tone(7000, 16_000, 32_000));
    const fault = rms(heard.map((sample, i) => sample - ideal[i]));
    assert.ok(decibels(fault / rms(ideal)) < -60);
  });
}

test('an impulse comes out at its own moment', () => {
  const signal = new Float32Array(48_000);
  signal[24_000] = 1;
  const heard = resampled(signal, 48_000);
  assert.equal(heard.indexOf(Math.max(...heard)), 8000);
});

test('audio at 16 kHz passes untouched', () => {
  const signal = noise(5000);
  assert.deepEqual(resampled(signal, 16_000), signal);
});

test('after its end a stream begins anew, without an echo of the one before', () => {
  const resampler = new Resampler(44_100);
  resampler.process(noise(10_000));
  resampler.flush();
  const second = noise(5000, 2);
  const heard = joined([resampler.process(second), resampler.flush()]);
  assert.deepEqual(heard, resampled(second, 44_100));
});

for (const rate of [0, 7999, 192_001, 44_100.5, NaN, '48000']) {
  test(`${typeof rate} ${rate} is refused as a rate`, () => {
    assert.throws(() => new Resampler(rate), RangeError);
  });
}
