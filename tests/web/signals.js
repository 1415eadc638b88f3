/** Signals whose right answer is known, and dice that fall the same way every time. */

/** Return numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function noise(samples, seed = 1) {
  const random = dice(seed);
  return Float32Array.from({ length: samples }, () => 2 * random() - 1);
}

/** A sine; `frequency` in Hz, `rate` in samples a second. */
export function tone(frequency, rate, samples, amplitude = 0.5) {
  const step = (2 * Math.PI * frequency) / rate;
  return Float32Array.from({ length: samples }, (_, i) => amplitude * Math.sin(step * i));
}

/** Cut a signal into blocks whose lengths `length()` tells. */
export function* blocks(signal, length) {
  for (let start = 0; start < signal.length; ) {
    const stop = Math.min(signal.length, start + length());
    yield signal.subarray(start, stop);
    start = stop;
  }
}

export function joined(arrays, Type = Float32Array) {
  const whole = new Type(arrays.reduce((total, array) => total + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}

export function rms(signal) {
  return Math.sqrt(signal.reduce((sum, sample) => sum + sample * sample, 0) / signal.length);
}

export function decibels(ratio) {
  return 20 * Math.log10(ratio);
}
