/** Opus packets that are kept, as a SampleRing keeps samples. A packet is kept and read as a whole. */

import { opusSamples } from './opus-packets.js';

export class PacketQueue {
  /** @param {number} capacity in samples of each channel */
  constructor(capacity) {
    this._capacity = capacity;
    this._packets = []; // {at: where it begins, packet}
    this.clear(0);
  }

  clear(position) {
    this._drop(this._packets.length);
    this.start = this.end = position;
  }

  get room() {
    return this._capacity - (this.end - this.start);
  }

  append(packet) {
    const samples = opusSamples(packet);
    if (samples > this.room) return 0;
    this._packets.push({ at: this.end, packet: packet.slice() });
    this.end += samples;
    return samples;
  }

  read(position) {
    const index = this._index(position);
    return index < this._packets.length ? this._packets[index].packet.slice() : new Uint8Array(0);
  }

  before(position) {
    return this._at(this._index(position));
  }

  behind(position) {
    const index = this._index(position);
    return this._at(index) < position ? this._at(index + 1) : position;
  }

  forget(position) {
    const index = this._index(position);
    this.start = this._at(index);
    this._drop(index);
  }

  rebase() {
    this._packets.forEach((each) => (each.at -= this.start));
    this.end -= this.start;
    this.start = 0;
  }

  /** Overwrite the first packets. */
  _drop(count) {
    this._packets.splice(0, count).forEach(({ packet }) => packet.fill(0));
  }

  _at(index) {
    return index < this._packets.length ? this._packets[index].at : this.end;
  }

  /** Of the packet that a position lies in; behind the last one, how many there are. */
  _index(position) {
    let [low, high] = [0, this._packets.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this._at(middle + 1) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
