/** From a microphone's rate to 16 kHz, continuous over blocks of any length. */

import { designFilter } from './filter.js';
import { SAMPLE_RATE } from './pcm.js';

const LOWEST_RATE = 8000;
const HIGHEST_RATE = 192000;

/**
 * An output lies at one of so many places between two input samples at most. Every rate that is a
 * multiple of 10 needs fewer and is met exactly; of others the nearest place is taken, for each
 * output anew, so that nothing adds up.
 */
const MOST_PHASES = 2048;

/** Input that is taken in one go; a longer block is taken in pieces. */
const PIECE_SAMPLES = 8192;

/**
 * Resamples a stream to 16 kHz.
 *
 * Output `n` is the input at the moment `n / 16000` s, without a delay. What lies before the
 * beginning and after the end counts as silence. Of `N` input samples come
 * `ceil(N * 16000 / inputRate)` outputs in all: one for every moment that lies within the input.
 * Block lengths do not change a bit of them.
 */
export class Resampler {
  /**
   * @param {number} inputRate whole samples a second, 8000 to 192000
   * @throws {RangeError} for any other rate
   */
  constructor(inputRate) {
    if (!Number.isInteger(inputRate) || inputRate < LOWEST_RATE || inputRate > HIGHEST_RATE) {
      throw new RangeError(`${inputRate} is no whole rate from 8000 to 192000.`);
    }
    this.inputRate = inputRate;
    const divisor = greatestCommonDivisor(inputRate, SAMPLE_RATE);
    this._up = SAMPLE_RATE / divisor;
    this._down = inputRate / divisor;
    const phases = Math.min(this._up, MOST_PHASES);
    const { taps, rows } = designFilter(inputRate, SAMPLE_RATE, phases);
    this._taps = taps;
    // An output nearest to the next input sample has the weights of phase 0, one sample later.
    this._rows = [...rows, shifted(rows[0])];
    this._input = new Float32Array(taps + PIECE_SAMPLES);
    this.reset();
  }

  /** Forget everything, as if nothing had been resampled. */
  reset() {
    this._input.fill(0);
    this._held = this._taps / 2 - 1; // input samples that are held; first, silence
    this._taken = 0;
    this._made = 0;
    this._at = 0; // where in the held input the next output's first weight lies
    this._part = 0; // how far that output lies behind an input sample, in 1 / up
  }

  /**
   * Resample the next block.
   *
   * @param {Float32Array} block of any length
   * @returns {Float32Array} what can be told by now; at 16 kHz the block itself
   */
  process(block) {
    if (this._up === this._down) return block;
    this._taken += block.length;
    const reach = this._taken - this._taps / 2;
    const output = new Float32Array(Math.max(0, this._countBefore(reach) - this._made));
    this._fill(output, block);
    return output;
  }

  /**
   * End the stream; the next block begins another.
   *
   * @returns {Float32Array} the outputs that were still waiting for input
   */
  flush() {
    if (this._up === this._down) return new Float32Array(0);
    const output = new Float32Array(this._countBefore(this._taken) - this._made);
    this._fill(output, new Float32Array(this._taps));
    this.reset();
    return output;
  }

  /** How many outputs lie before an input sample. */
  _countBefore(index) {
    return Math.max(0, Math.ceil((index * this._up) / this._down));
  }

  /** Take input, and make as many outputs as there is room for. */
  _fill(output, block) {
    let filled = 0;
    for (let offset = 0; offset < block.length; offset += PIECE_SAMPLES) {
      const piece = block.subarray(offset, offset + PIECE_SAMPLES);
      this._input.set(piece, this._held);
      this._held += piece.length;
      filled = this._convolve(output, filled);
      this._forget();
    }
    this._made += filled;
  }

  _convolve(output, start) {
    const { _input: input, _rows: rows, _taps: taps, _up: up, _down: down } = this;
    let { _at: at, _part: part } = this;
    let filled = start;
    for (; filled < output.length && at + taps <= this._held; filled++) {
      const row = rows[Math.round((part * (rows.length - 1)) / up)];
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += row[tap] * input[at + tap];
      output[filled] = sum;
      part += down;
      at += Math.floor(part / up);
      part %= up;
    }
    this._at = at;
    this._part = part;
    return filled;
  }

  /** Drop the input that no later output needs. */
  _forget() {
    this._input.copyWithin(0, this._at, this._held);
    this._held -= this._at;
    this._at = 0;
  }
}

function shifted(row) {
  const later = new Float32Array(row.length);
  later.set(row.subarray(0, -1), 1);
  return later;
}

function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
