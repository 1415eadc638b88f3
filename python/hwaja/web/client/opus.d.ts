/** Types of hwaja/opus.js: Opus packets, and the encoder of the browser. */

/** Audio of Opus packets, for the option `audio`: `sendAudio` then takes one packet at a time, as bytes. */
export class OpusFormat {
  /** `channels`: 2 only for `speakers: 'channels'`. Default: 1. */
  constructor(options?: { channels?: number });
  readonly encoding: string;
  /** Of the samples that are counted: 48000. */
  readonly rate: number;
  readonly channels: number;
}

export class OpusError extends Error {
  private constructor();
  readonly name: 'OpusError';
  /** `unsupported`: this browser encodes no Opus. `failed`: it could not go on; see `cause`. */
  readonly reason: 'unsupported' | 'failed';
  /** What the browser said. */
  readonly cause: Error | null;
}

/** What an OpusEncoder tells, and with what. */
export interface OpusEvents {
  /** 20 ms, for `sendAudio`. */
  packet: Uint8Array;
  /** No packet comes any more. */
  error: OpusError;
}

export interface OpusOptions {
  /** Default: 32000. */
  bitsPerSecond?: number;
}

/** Makes the packets of one enrolment or transcription, of PCM16 of 16 kHz, mono. */
export class OpusEncoder {
  /** Whether this browser can. */
  static isSupported(options?: OpusOptions): Promise<boolean>;
  /** Throws an OpusError, `unsupported`, where there is no encoder. */
  constructor(options?: OpusOptions);
  on<Type extends keyof OpusEvents>(
    type: Type,
    listener: (detail: OpusEvents[Type]) => void
  ): () => void;
  /** Take audio of any length, as that of a Microphone. Its packets come later. */
  encode(pcm16: Int16Array): void;
  /**
   * Have the rest told, filled up with silence. Call it before `stopTranscription`,
   * `completeSpeakerRegistration` and `finalize`.
   */
  flush(): Promise<void>;
  close(): void;
}
