/** Samples that are kept, from one position of the audio to another, in memory of a fixed size. */

export class SampleRing {
  /**
   * @param {AudioFormat} format
   * @param {number} capacity in samples of each channel
   */
  constructor(format, capacity) {
    this._format = format;
    this._capacity = capacity;
    this._ring = new format.Samples(capacity * format.channels);
    this.clear(0);
  }

  /** Overwrite everything, and count on from a position. */
  clear(position) {
    this._ring.fill(0);
    this._first = 0; // where in the ring `start` lies
    this.start = this.end = position;
  }

  /** For how many samples there is room. */
  get room() {
    return this._capacity - (this.end - this.start);
  }

  /** Keep a copy of as many samples as there is room for; returns how many. */
  append(audio) {
    const { channels } = this._format;
    const kept = audio.subarray(0, this.room * channels);
    const at = this._place(this.end) * channels;
    this._ring.set(kept.subarray(0, this._ring.length - at), at);
    this._ring.set(kept.subarray(this._ring.length - at), 0);
    this.end += kept.length / channels;
    return kept.length / channels;
  }

  /** Return a copy of what lies from a position on, at most so many samples. */
  read(position, mostSamples) {
    const { Samples, channels } = this._format;
    const chunk = new Samples(Math.min(mostSamples, this.end - position) * channels);
    const at = this._place(position) * channels;
    const straight = this._ring.subarray(at, at + chunk.length);
    chunk.set(straight);
    chunk.set(this._ring.subarray(0, chunk.length - straight.length), straight.length);
    return chunk;
  }

  /** Return the nearest position, up to this one, from which audio can be read. */
  before(position) {
    return position;
  }

  /** The same from this one on. */
  behind(position) {
    return position;
  }

  /** Give up what lies before a position. */
  forget(position) {
    this._first = this._place(position);
    this.start = position;
  }

  /** Count from `start` on. */
  rebase() {
    this.end -= this.start;
    this.start = 0;
  }

  _place(position) {
    return (this._first + position - this.start) % this._capacity;
  }
}
