/** The audio of one enrolment or transcription that the server may still need; no socket, no clock. */

import { SPECIFIED } from './audio-format.js';
import { SAMPLE_RATE } from './pcm.js';

/**
 * Keeps samples from when they are spoken until the server has taken them.
 *
 * Positions count samples of each channel from the beginning of the enrolment or transcription, as the server's
 * `received_samples` does: `start <= sent <= end`, and what lies from `start` to `end` is kept. An Opus
 * packet is kept and sent as a whole: `start` and `sent` are where one begins.
 */
export class AudioStore {
  /**
   * @param {number} capacitySamples what is kept at most, of audio as specified
   * @param {boolean} keepsUnanswered whether what the server has taken is kept until `answer`
   */
  constructor(capacitySamples, keepsUnanswered = false) {
    this._capacitySamples = capacitySamples;
    this._keepsUnanswered = keepsUnanswered;
    this._format = null; // of what is kept
    this.begin(false);
  }

  /**
   * Forget everything; positions count from 0 again.
   *
   * @param {boolean} isConfirmed whether the server tells what it has taken; otherwise what was sent
   *   is kept only while there is room
   * @param {AudioFormat} [format] of the audio
   */
  begin(isConfirmed, format = SPECIFIED) {
    if (this._format !== null) this._kept.clear(0);
    if (this._format !== format) {
      const capacity = Math.round((this._capacitySamples * format.rate) / SAMPLE_RATE);
      this._kept = format.keeper(capacity);
      this._format = format;
    }
    this._isConfirmed = isConfirmed;
    this.confirmed = this.sent = 0;
  }

  get start() {
    return this._kept.start;
  }

  get end() {
    return this._kept.end;
  }

  /**
   * Keep audio.
   *
   * @param {Int16Array|Float32Array|Uint8Array} audio copied
   * @returns {number} how many samples of its end had no room and are lost
   */
  append(audio) {
    const samples = this._format.countOf(audio);
    const excess = samples - this._kept.room;
    if (!this._isConfirmed && excess > 0) {
      this._forget(Math.min(this._kept.behind(this.start + excess), this.sent));
    }
    return samples - this._kept.append(audio);
  }

  /**
   * Hand out what is to be sent next.
   *
   * @param {number} mostSamples
   * @returns {Int16Array|Float32Array|Uint8Array} a copy, or one packet; empty: everything was sent
   */
  next(mostSamples) {
    const chunk = this._kept.read(this.sent, mostSamples);
    if (chunk.length > 0) this.sent += this._format.countOf(chunk);
    return chunk;
  }

  /** The server has taken so much: forget it. A position out of order changes nothing. */
  confirm(receivedSamples) {
    if (receivedSamples <= this.confirmed || receivedSamples > this.sent) return;
    this.confirmed = receivedSamples;
    if (!this._keepsUnanswered) this._forget(receivedSamples);
  }

  /** So much is answered: nobody needs it again. A position out of order changes nothing. */
  answer(answeredSamples) {
    if (answeredSamples <= this.sent) this._forget(answeredSamples);
  }

  /** Count on from a position, with nothing kept before it. */
  skip(position) {
    this._kept.clear(position);
    this.confirmed = this.sent = position;
  }

  /** Send on from a position: what came behind it was lost on its way. */
  rewind(receivedSamples) {
    const position = Math.min(receivedSamples, this.end);
    if (!this._keepsUnanswered) this._forget(position);
    this.sent = this._kept.before(Math.max(this.start, position));
    this.confirmed = this.sent;
  }

  /**
   * Count from a position on: another transcription begins with it.
   *
   * @returns {number} by how many samples it begins later, since those are not kept any more; below 0
   *   for Opus, where it begins with the packet that the position lies in
   */
  rebase(receivedSamples) {
    const position = Math.min(receivedSamples, this.end);
    this._forget(position);
    const moved = this.start - position;
    this._kept.rebase();
    this.confirmed = this.sent = 0;
    return moved;
  }

  _forget(until) {
    if (until <= this.start) return;
    this._kept.forget(until);
    this.confirmed = Math.max(this.confirmed, this.start);
    this.sent = Math.max(this.sent, this.start);
  }
}
