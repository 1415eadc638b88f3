/** The audio of one enrolment or transcription that the server may still need; no socket, no clock. */

import { SPECIFIED } from './audio-format.js';
import { SAMPLE_RATE } from './pcm.js';

/**
 * Keeps samples from when they are spoken until the server has taken them.
 *
 * Positions count samples of each channel from the beginning of the enrolment or transcription, as the server's
 * `received_samples` does: `start <= sent <= end`, and what lies from `start` to `end` is kept.
 */
export class AudioStore {
  /**
   * @param {number} capacitySamples what is kept at most, of audio as specified
   * @param {boolean} keepsUnanswered whether what the server has taken is kept until `answer`
   */
  constructor(capacitySamples, keepsUnanswered = false) {
    this._capacitySamples = capacitySamples;
    this._format = null; // of what the ring is for
    this._keepsUnanswered = keepsUnanswered;
    this._first = 0; // where in the ring `start` lies
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
    if (this._format !== null) this._ring.fill(0);
    if (this._format !== format) {
      const capacity = Math.round((this._capacitySamples * format.rate) / SAMPLE_RATE);
      this._ring = new format.Samples(capacity * format.channels);
      this._format = format;
    }
    this._isConfirmed = isConfirmed;
    this.start = this.confirmed = this.sent = this.end = 0;
  }

  /**
   * Keep audio.
   *
   * @param {Int16Array|Float32Array|Uint8Array} audio copied
   * @returns {number} how many samples of its end had no room and are lost
   */
  append(audio) {
    const { channels } = this._format;
    const samples = audio.length / channels;
    if (!this._isConfirmed) {
      const excess = this.end + samples - this._capacity;
      if (excess > this.start) this._forget(Math.min(excess, this.sent));
    }
    const room = this._capacity - (this.end - this.start);
    const kept = audio.subarray(0, room * channels);
    const at = this._place(this.end) * channels;
    this._ring.set(kept.subarray(0, this._ring.length - at), at);
    this._ring.set(kept.subarray(this._ring.length - at), 0);
    this.end += kept.length / channels;
    return samples - kept.length / channels;
  }

  /**
   * Hand out what is to be sent next.
   *
   * @param {number} mostSamples
   * @returns {Int16Array|Float32Array|Uint8Array} a copy; empty: everything was sent
   */
  next(mostSamples) {
    const { Samples, channels } = this._format;
    const samples = Math.min(mostSamples, this.end - this.sent);
    const chunk = new Samples(samples * channels);
    const at = this._place(this.sent) * channels;
    const straight = this._ring.subarray(at, at + chunk.length);
    chunk.set(straight);
    chunk.set(this._ring.subarray(0, chunk.length - straight.length), straight.length);
    this.sent += samples;
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
    if (answeredSamples > this.start && answeredSamples <= this.sent) this._forget(answeredSamples);
  }

  /** Count on from a position, with nothing kept before it. */
  skip(position) {
    this.start = this.confirmed = this.sent = this.end = position;
  }

  /** Send on from a position: what came behind it was lost on its way. */
  rewind(receivedSamples) {
    const position = Math.min(receivedSamples, this.end);
    if (!this._keepsUnanswered) this._forget(position);
    this.sent = Math.max(this.start, position);
    this.confirmed = this.sent;
  }

  /**
   * Count from a position on: another transcription begins with it.
   *
   * @returns {number} how many samples from there on are not kept any more
   */
  rebase(receivedSamples) {
    const lost = Math.max(0, this.start - receivedSamples);
    this._forget(Math.min(receivedSamples, this.end));
    this.end -= this.start;
    this.start = this.confirmed = this.sent = 0;
    return lost;
  }

  get _capacity() {
    return this._ring.length / this._format.channels;
  }

  _place(position) {
    return (this._first + position - this.start) % this._capacity;
  }

  _forget(until) {
    if (until <= this.start) return;
    this._first = this._place(until);
    this.start = until;
    this.confirmed = Math.max(this.confirmed, until);
    this.sent = Math.max(this.sent, until);
  }
}
