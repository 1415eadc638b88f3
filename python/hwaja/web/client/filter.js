/** The low-pass filter of the resampler: a sinc in a Kaiser window, one row for each phase. */

const ATTENUATION_DB = 80;

/**
 * Where the pass band ends and the stop band begins, as shares of the lower of both rates: 7.2 kHz
 * and 8.8 kHz at 16 kHz. Speech has next to nothing there, and what lies between 8 and 8.8 kHz
 * folds to no lower than 7.2 kHz; a steeper filter would be longer for sounds that no model hears.
 */
const PASS_SHARE = 0.45;
const STOP_SHARE = 0.55;

/** Kaiser's formula for the window's shape, for 50 dB and more. */
const BETA = 0.1102 * (ATTENUATION_DB - 8.7);

/**
 * Design the filter.
 *
 * @param {number} inputRate samples a second
 * @param {number} outputRate samples a second
 * @param {number} phases at how many places between two input samples an output may lie
 * @returns {{taps: number, rows: Float32Array[]}} `taps` is even. The row of a phase weighs the
 *   input samples from `taps / 2 - 1` before the one that precedes the output; its sum is 1
 */
export function designFilter(inputRate, outputRate, phases) {
  const lowerRate = Math.min(inputRate, outputRate);
  const width = ((STOP_SHARE - PASS_SHARE) * lowerRate) / inputRate;
  // Kaiser's formula for the length, with the width in cycles a sample.
  const length = (ATTENUATION_DB - 7.95) / (2.285 * 2 * Math.PI * width);
  const taps = 2 * Math.ceil(length / 2 + 1);
  const cutoff = ((STOP_SHARE + PASS_SHARE) * lowerRate) / inputRate;
  const rows = [];
  for (let phase = 0; phase < phases; phase++) {
    rows.push(designRow(taps, cutoff, phase / phases));
  }
  return { taps, rows };
}

function designRow(taps, cutoff, fraction) {
  const weights = [];
  for (let tap = 0; tap < taps; tap++) {
    const distance = tap - (taps / 2 - 1) - fraction;
    weights.push(sinc(cutoff * distance) * kaiser(distance / (taps / 2)));
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x) {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** The modified Bessel function of the first kind and order 0, by its series. */
function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
