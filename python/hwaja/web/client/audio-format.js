/** How the audio of an enrolment or a transcription is encoded. */

import { SAMPLE_RATE } from './pcm.js';
import { SampleRing } from './sample-ring.js';

const ARRAYS = { pcm16: Int16Array, f32: Float32Array, mulaw: Uint8Array, alaw: Uint8Array };

export class AudioFormat {
  /**
   * @param {object} [asked] `encoding`, `sampleRate` and `channels`; by default as specified
   * @throws {TypeError} for an encoding that this client does not send
   */
  constructor({ encoding = 'pcm16', sampleRate = SAMPLE_RATE, channels = 1 } = {}) {
    if (!(encoding in ARRAYS)) throw new TypeError(`${encoding} is none of ${Object.keys(ARRAYS)}.`);
    this.encoding = encoding;
    this.rate = sampleRate;
    this.channels = channels;
    /** Of an element for each sample; the samples of the channels lie in turn. */
    this.Samples = ARRAYS[encoding];
  }

  /** What a start message says of it; undefined: nothing, since it is as specified. */
  toJSON() {
    const { encoding, rate, channels } = this;
    const isSpecified = encoding === 'pcm16' && rate === SAMPLE_RATE && channels === 1;
    return isSpecified ? undefined : { encoding, sample_rate: rate, channels };
  }

  /** Return what keeps audio: as many samples of each channel as `capacity` says. */
  keeper(capacity) {
    return new SampleRing(this, capacity);
  }

  /** Return how many samples of each channel there are in what `samplesOf` returned. */
  countOf(samples) {
    return samples.length / this.channels;
  }

  /**
   * Return audio as elements.
   *
   * @param {ArrayBuffer|Int16Array|Float32Array|Uint8Array} audio
   * @throws {TypeError} for what is not encoded so, a sample that is cut, or a WAV file
   */
  samplesOf(audio) {
    const { Samples, channels } = this;
    const isWhole = audio instanceof ArrayBuffer && audio.byteLength % Samples.BYTES_PER_ELEMENT === 0;
    const samples = isWhole ? new Samples(audio) : audio;
    if (!(samples instanceof Samples) || samples.length % channels !== 0) {
      throw new TypeError(`${this.encoding} is of type ${Samples.name}, with whole samples.`);
    }
    // The server refuses the whole message ("RIFF"), and its count would not be this one's any more.
    if (Samples === Int16Array && samples[0] === 0x4952 && samples[1] === 0x4646) {
      throw new TypeError('A WAV file begins with a header: send what is behind it.');
    }
    if (Samples === Float32Array && !samples.every(Number.isFinite)) {
      throw new TypeError('A sample is no finite number.');
    }
    return samples;
  }
}

/** Return the format that a caller asked for, or brought as an OpusFormat. */
export function formatOf(asked) {
  return asked instanceof AudioFormat ? asked : new AudioFormat(asked);
}

/** The audio of the specification. */
export const SPECIFIED = new AudioFormat();
