/** Types of the microphone. hwaja.d.ts exports them. */

import { ClientOptions } from './hwaja.js';

export class MicrophoneError extends Error {
  private constructor();
  readonly name: 'MicrophoneError';
  readonly reason:
    | 'insecure_context'
    | 'unsupported'
    | 'permission_denied'
    | 'no_device'
    | 'device_busy'
    | 'ended';
  /** What the browser said. */
  readonly cause: Error | null;
}

export interface Level {
  /** 0 is full scale; -120 at the lowest. */
  peakDbfs: number;
  /** As the server's `confidence`: a full-scale sine has -3.0. */
  rmsDbfs: number;
}

export interface Sound {
  arrives: boolean;
  /**
   * null: it arrives. `suspended`: the browser holds it back, as during a telephone call, until
   * `resume`; `muted`: the track is; `silent`: for 5 s all samples are zero; `stalled`: for 2 s there
   * are none. The last three may end when the microphone is opened anew.
   */
  cause: null | 'suspended' | 'muted' | 'silent' | 'stalled';
}

/** What a Microphone tells, and with what. */
export interface MicrophoneEvents {
  /** 4096 samples at 16 kHz; the last one may be shorter. */
  chunk: Int16Array;
  /** About every 50 ms. */
  level: Level;
  /** No sound arrives any more, or the cause is another, or some does again. */
  sound: Sound;
  /** Of the AudioContext. `sound` says more: browsers do not tell each change. */
  state: string;
  /** The device is gone; everything is closed. */
  ended: MicrophoneError;
}

export interface MicrophoneOptions {
  /** Where `worklet.js` and the files beside it lie; default: beside the client's own. */
  workletUrl?: string;
  /** Time, for tests, as for a client. */
  clock?: ClientOptions['clock'];
}

export interface OpenOptions {
  /** One of `devices()`; by default the browser chooses. */
  deviceId?: string;
  /** More for `getUserMedia`; echo cancellation, noise suppression and gain control are off. */
  constraints?: MediaTrackConstraints;
}

/** The microphone, as chunks for `sendAudio`. Rejects with a MicrophoneError. */
export class Microphone {
  constructor(options?: MicrophoneOptions);
  on<Type extends keyof MicrophoneEvents>(
    type: Type,
    listener: (detail: MicrophoneEvents[Type]) => void
  ): () => void;
  /** Which of `devices()` is open; null: none. */
  readonly deviceId: string | null;
  /** Labels are empty until a microphone was allowed. */
  devices(): Promise<{ deviceId: string; label: string }[]>;
  /** Call it from a click. */
  open(options?: OpenOptions): Promise<void>;
  /** Tells the last chunk first. */
  close(): Promise<void>;
  /** Have a suspended AudioContext go on, where it can; call it from a click. `sound` tells. */
  resume(): Promise<void>;
}
