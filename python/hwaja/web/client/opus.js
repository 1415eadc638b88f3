/** Opus: makes packets of PCM16, with the encoder of the browser (WebCodecs). Other pages need none of it. */

import { Emitter } from './emitter.js';
import { SAMPLE_RATE } from './pcm.js';

export { OpusFormat } from './opus-format.js';

/** Of a packet. Longer ones delay texts, and shorter ones cost more bits. */
const PACKET_SECONDS = 0.02;

const BITS_PER_SECOND = 32000;

const SENTENCES = {
  unsupported: 'This browser encodes no Opus.',
  failed: 'The browser could not encode the audio.',
};

/** Why there are no packets; `reason` is one of the keys of the table above. */
export class OpusError extends Error {
  /**
   * @param {string} reason for programs
   * @param {?Error} [cause] what the browser said
   */
  constructor(reason, cause = null) {
    super(SENTENCES[reason]);
    this.name = 'OpusError';
    this.reason = reason;
    this.cause = cause;
  }
}

/**
 * One stream of packets: of one enrolment or transcription.
 *
 * Events: `packet`, a Uint8Array for `sendAudio`; `error`, an OpusError, after which no packet comes.
 */
export class OpusEncoder extends Emitter {
  /** Whether this browser can. */
  static async isSupported(options) {
    const { AudioEncoder, AudioData } = globalThis;
    if (AudioEncoder === undefined || AudioData === undefined) return false;
    const { supported } = await AudioEncoder.isConfigSupported(configOf(options));
    return supported === true;
  }

  /**
   * @param {object} [options] `bitsPerSecond`
   * @throws {OpusError} `unsupported`
   */
  constructor(options) {
    super();
    const { AudioEncoder } = globalThis;
    if (AudioEncoder === undefined) throw new OpusError('unsupported');
    this._samples = 0; // taken so far
    this._encoder = new AudioEncoder({
      output: (chunk) => this._tell(chunk),
      error: (error) => this.emit('error', new OpusError('failed', error)),
    });
    this._encoder.configure(configOf(options));
  }

  /**
   * Take audio; its packets come later.
   *
   * @param {Int16Array} pcm16 of 16 kHz, of any length
   */
  encode(pcm16) {
    const { AudioData } = globalThis;
    if (this._encoder.state !== 'configured' || pcm16.length === 0) return;
    const audio = new AudioData({
      format: 's16',
      sampleRate: SAMPLE_RATE,
      numberOfFrames: pcm16.length,
      numberOfChannels: 1,
      timestamp: Math.round((1e6 * this._samples) / SAMPLE_RATE),
      data: pcm16,
    });
    this._samples += pcm16.length;
    this._encoder.encode(audio);
    audio.close();
  }

  /** Have the rest told, filled up with silence to a packet; resolves once it is. */
  async flush() {
    if (this._encoder.state !== 'configured') return;
    await this._encoder.flush().catch(() => {}); // `error` has told
  }

  /** Let go of the encoder. What was not told is lost. */
  close() {
    if (this._encoder.state !== 'closed') this._encoder.close();
  }

  _tell(chunk) {
    const packet = new Uint8Array(chunk.byteLength);
    chunk.copyTo(packet);
    this.emit('packet', packet);
  }
}

/** Without DTX: silence has packets too, since each position counts the samples of those before. */
function configOf({ bitsPerSecond = BITS_PER_SECOND } = {}) {
  return {
    codec: 'opus',
    sampleRate: SAMPLE_RATE,
    numberOfChannels: 1,
    bitrate: bitsPerSecond,
    opus: { format: 'opus', frameDuration: 1e6 * PACKET_SECONDS, usedtx: false },
  };
}
