/** From what a microphone hears to chunks for the server: the same in every browser. */

import { LevelMeter } from './level.js';
import { Chunker } from './pcm.js';
import { Resampler } from './resampler.js';

/** Turns blocks at the device's rate into chunks at 16 kHz, and levels. */
export class Capture {
  /** @param {number} inputRate of the device, in samples a second */
  constructor(inputRate) {
    this._resampler = new Resampler(inputRate);
    this._chunker = new Chunker();
    this._meter = new LevelMeter();
  }

  /**
   * Take a block of any length.
   *
   * @param {Float32Array} block mono
   * @returns {{type: string, data: *}[]} what is to be told: `chunk` with an Int16Array, `level`
   */
  push(block) {
    return this._tell(this._resampler.process(block));
  }

  /**
   * End the audio.
   *
   * @returns {{type: string, data: *}[]} as `push`; the last chunk may be a short one
   */
  flush() {
    const told = this._tell(this._resampler.flush());
    const rest = this._chunker.flush();
    return rest === null ? told : [...told, { type: 'chunk', data: rest }];
  }

  _tell(audio) {
    return [
      ...this._meter.push(audio).map((data) => ({ type: 'level', data })),
      ...this._chunker.push(audio).map((data) => ({ type: 'chunk', data })),
    ];
  }
}
