/** How loud it is, for a meter on the screen. */

import { SAMPLE_RATE } from './pcm.js';

/** How often a level is told. */
export const LEVEL_SECONDS = 0.05;

const PERIOD_SAMPLES = LEVEL_SECONDS * SAMPLE_RATE;

/** As low as a level goes, like the server's `confidence`. */
const FLOOR_DBFS = -120;

/**
 * Measures peak and RMS of every 50 ms. A full-scale square wave has 0 dBFS, a full-scale sine
 * an RMS of -3.0, as in the server's `confidence`.
 */
export class LevelMeter {
  constructor() {
    this._begin();
  }

  /**
   * Take audio at 16 kHz.
   *
   * @param {Float32Array} block of any length
   * @returns {{peakDbfs: number, rmsDbfs: number}[]} one for each 50 ms that are complete now
   */
  push(block) {
    const levels = [];
    for (let i = 0; i < block.length; i++) {
      const magnitude = Math.abs(block[i]);
      if (magnitude > this._peak) this._peak = magnitude;
      this._energy += magnitude * magnitude;
      if (++this._samples === PERIOD_SAMPLES) {
        const rms = Math.sqrt(this._energy / PERIOD_SAMPLES);
        levels.push({ peakDbfs: dbfs(this._peak), rmsDbfs: dbfs(rms) });
        this._begin();
      }
    }
    return levels;
  }

  _begin() {
    this._peak = 0;
    this._energy = 0;
    this._samples = 0;
  }
}

function dbfs(amplitude) {
  return Math.max(FLOOR_DBFS, 20 * Math.log10(amplitude));
}
