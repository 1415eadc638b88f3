/** Audio that consists of Opus packets. */

import { AudioFormat } from './audio-format.js';
import { OPUS_RATE, opusSamples } from './opus-packets.js';
import { PacketQueue } from './packet-queue.js';

export class OpusFormat extends AudioFormat {
  /** @param {object} [asked] `channels` of the packets */
  constructor({ channels = 1 } = {}) {
    super({ sampleRate: OPUS_RATE, channels });
    this.encoding = 'opus';
    this.Samples = Uint8Array; // the bytes of a packet
  }

  keeper(capacity) {
    return new PacketQueue(capacity);
  }

  countOf(packet) {
    return opusSamples(packet);
  }

  /** @throws {TypeError} for what is no packet */
  samplesOf(audio) {
    const packet = audio instanceof ArrayBuffer ? new Uint8Array(audio) : audio;
    if (!(packet instanceof Uint8Array)) throw new TypeError('An Opus packet is of type Uint8Array.');
    opusSamples(packet);
    return packet;
  }
}
