/** Types of the browser client of hwaja; docs/javascript.md says how it is used. */

import {
  AudioReceived,
  ErrorCode,
  EventName,
  Finalized,
  Interim,
  Lag,
  LimitWarning,
  ModelLoaded,
  Quality,
  Reason,
  RegistrationCompleted,
  RegistrationStarted,
  SpeakerNamed,
  SpeakerUpdate,
  SpeechEnded,
  SpeechStarted,
  TooFarAhead,
  Transcription,
  TranscriptionPaused,
  TranscriptionResumed,
  TranscriptionStarted,
  TranscriptionStopped,
  TranscriptionUpdated,
  UtteranceDropped,
  VoiceSealed,
} from './messages.js';
import { OpusFormat } from './opus.js';

export * from './audio.js';
export * from './messages.js';
export * from './microphone.js';

/** Why something was refused, or why there is no connection. */
export class STTError extends Error {
  private constructor();
  readonly name: 'STTError';
  readonly code: ErrorCode;
  /**
   * The server's, or one of the client: `unreachable` (no server answers, or it does not let this
   * page in), `no_token` (the function of the option `token` brought none), `closed` (the connection),
   * `lost` (the session, after a lost connection). null: the server did not say.
   */
  readonly reason: Reason | 'unreachable' | 'no_token' | 'closed' | 'lost' | null;
  readonly speakerId: number | null;
  /** Of the voice that was refused. */
  readonly quality: Quality | null;
  /** Of the connection, where it ended. */
  readonly closeCode: number | null;
}

export type State =
  | 'idle'
  | 'connecting'
  | 'ready'
  | 'enrolling'
  | 'verifying'
  | 'transcribing'
  | 'draining'
  | 'reconnecting'
  | 'closed';

/** What an STTClient tells, and with what. */
export interface ClientEvents {
  model_loaded: ModelLoaded;
  speaker_registration_started: RegistrationStarted;
  speaker_registration_completed: RegistrationCompleted;
  transcription_started: TranscriptionStarted;
  transcription: Transcription;
  interim: Interim;
  speaker_update: SpeakerUpdate;
  speaker_named: SpeakerNamed;
  voice_sealed: VoiceSealed;
  transcription_stopped: TranscriptionStopped;
  finalized: Finalized;
  transcription_updated: TranscriptionUpdated;
  transcription_paused: TranscriptionPaused;
  transcription_resumed: TranscriptionResumed;
  speech_started: SpeechStarted;
  speech_ended: SpeechEnded;
  utterance_dropped: UtteranceDropped;
  lag: Lag;
  audio_received: AudioReceived;
  too_far_ahead: TooFarAhead;
  limit_warning: LimitWarning;
  /**
   * What rejects no promise: an utterance that failed, a take that became too long. Why a connection
   * ends comes with `closed`.
   */
  error: STTError;
  state: State;
  /** Audio for which there was no room. */
  overrun: { lostSamples: number };
  /** The longest transcription was over, and the next goes on with its audio. */
  renewed: { offsetSeconds: number };
  /** The connection is lost; others are tried, and audio is kept meanwhile. */
  reconnecting: { code: number };
  /** The session goes on. */
  reconnected: ModelLoaded;
  /**
   * Another session has taken over, with the voices and all that was not answered; see `url`. It knows the
   * voices of `speaker_ids`: any other id is somebody else from now on.
   */
  roamed: ModelLoaded;
  /** The session is gone, and the voices with it; `closed` follows, unless another has begun. */
  lost: STTError;
  /** The connection is over; `error` is null where `close` was called. */
  closed: { code: number; error: STTError | null };
}

/** As much of the browser's WebSocket as the client uses. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: any): void;
  close(code?: number): void;
}

export interface ClientOptions {
  /**
   * What the server wants of those it lets in (`--token-file`): letters, digits and `-._~+`. Or a
   * function that brings one, called before each connection: a client token is good once.
   */
  token?: string | ((url: string) => string | Promise<string>);
  /** Whether to come back to the session when the connection is lost. Default: true. */
  resume?: boolean;
  /** Whether to ask for all fields and reasons. Default: true. */
  details?: boolean;
  /**
   * Whether a transcription that is as long as it may be goes on in another, and with a list of addresses also
   * a session; wants `details`. Default: true.
   */
  renew?: boolean;
  /** Whether `model_loaded` is to say what the server can do, and its limits. Default: false. */
  hello?: boolean;
  /** Default: the browser's. */
  WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
  /** Time, for tests: `now` in seconds; `after` returns what prevents the action. */
  clock?: { now(): number; after(seconds: number, action: () => void): () => void };
  /** In [0, 1), for tests. Default: Math.random. */
  random?: () => number;
}

/** To go on with the session of a page that was loaded anew. */
export interface ConnectOptions {
  /** The last `session_token` of that page; each is good once. Where it leads nowhere, a session begins. */
  sessionToken?: string;
  /** The `url` of that page's client, one of those of this one. Default: the first. */
  url?: string;
  /** Tickets of voices of that session, by speaker: those without one cannot come along to another server. */
  tickets?: { [speakerId: number]: string };
  /** The `progress` of that page's client: ids and times then go on, and nothing is told twice. */
  progress?: Progress;
  /** What the transcription that may go on was begun with: the next part of a long one is, too. */
  transcription?: TranscriptionOptions;
}

/** How far a conversation is. To be kept as it is, for instance as JSON. */
export interface Progress {
  lastNumber: number;
  timeline: Timeline;
}

/** Where its ids and times are. */
export interface Timeline {
  rate: number;
  offsetSamples: number;
  offsetId: number;
  nextId: number;
  endSeconds: number;
  beganMs: number | null;
  lateMs: number | null;
}

/** How audio is encoded. */
export interface AudioOptions {
  /** What `sendAudio` takes: `pcm16` an Int16Array, `f32` a Float32Array, G.711 a Uint8Array. Default: `pcm16`. */
  encoding?: 'pcm16' | 'f32' | 'mulaw' | 'alaw';
  /** 8000 to 48000, as that of an AudioContext. Default: 16000. */
  sampleRate?: number;
  /** 2: interleaved, only for `speakers: 'channels'`. Default: 1. */
  channels?: number;
}

/** A link by which others read along. */
export interface SharedLink {
  /** The address to open on the second screen. It carries `token`. */
  link: string;
  /** What opens a WebSocket to `/watch`: for the others. */
  token: string;
  /** What has another session take the link over: keep it to yourself. */
  key: string;
}

export interface RegistrationOptions {
  /** Whether the take is added to the earlier ones of this speaker. */
  add?: boolean;
  /** Whether the answer says how good the voice is; `details` do too. */
  quality?: boolean;
  /** Whether the answer has the voice as a ticket, for `restoreSpeaker` in a later session. */
  ticket?: boolean;
  /** How the audio of this take is encoded. */
  audio?: AudioOptions | OpusFormat;
}

export interface TranscriptionOptions {
  interimResults?: boolean;
  speakerUpdates?: boolean;
  adapt?: boolean;
  /**
   * Whether speakers are found by their voices, also if nobody is enrolled; or each channel of the
   * audio is one.
   */
  speakers?: 'enrolled' | 'discover' | 'channels';
  /** Whether people beside the enrolled ones get ids. */
  strangers?: 'nearest' | 'separate';
  maxSpeakers?: number;
  language?: string;
  hotwords?: (string | { text: string; boost?: number })[];
  /** What else is told, each as an event of this name. */
  events?: EventName[];
  /**
   * Whether each voice that is discovered is told as a ticket, in `voice_sealed`, for `restoreSpeaker`. A
   * client with several addresses asks for itself.
   */
  tickets?: boolean;
  /** How the audio of this transcription is encoded. */
  audio?: AudioOptions | OpusFormat;
}

/** What may change while a transcription runs. */
export type UpdateOptions = Pick<
  TranscriptionOptions,
  'interimResults' | 'speakerUpdates' | 'adapt' | 'hotwords' | 'events'
> & {
  /** null: that of the server. */
  language?: string | null;
};

/**
 * One session with a server. One enrolment or transcription at a time; what cannot be now rejects
 * with `wrong_state` and changes nothing.
 */
export class STTClient {
  /**
   * Nothing is sent yet. Throws a TypeError where `url` is not `wss://…` or `ws://…`. With a list, the
   * client goes on at another server, or at one that was started anew, where its own is gone. The list
   * may have the one address of a balancer.
   */
  constructor(url: string | string[], options?: ClientOptions);
  /** The address where the session is. */
  readonly url: string;
  /** How far the conversation is, for `connect` of a page that is loaded anew. */
  readonly progress: Progress;
  readonly state: State;
  /** Listen; the function that is returned stops it. */
  on<Type extends keyof ClientEvents>(
    type: Type,
    listener: (detail: ClientEvents[Type]) => void
  ): () => void;
  /** May be called again once the client is closed, for another session. */
  connect(options?: ConnectOptions): Promise<ModelLoaded>;
  /** What is sent from now on is the voice of this speaker. Begins anew while one is being heard. */
  startSpeakerRegistration(
    speakerId: number,
    options?: RegistrationOptions
  ): Promise<RegistrationStarted>;
  completeSpeakerRegistration(speakerId: number): Promise<RegistrationCompleted>;
  /**
   * Enrol the voice of a ticket, without speech. Rejects with the reason where the ticket is no good:
   * delete it then, and enrol the voice anew.
   */
  restoreSpeaker(
    speakerId: number,
    ticket: string,
    options?: { quality?: boolean }
  ): Promise<RegistrationCompleted>;
  startTranscription(options?: TranscriptionOptions): Promise<TranscriptionStarted>;
  /**
   * Give a speaker who is enrolled or was discovered a name, at any time; the server then keeps the
   * voice like an enrolled one. An empty name takes it back. Rejects with `unknown_speaker` where
   * nobody has this id.
   */
  nameSpeaker(speakerId: number, name: string): Promise<SpeakerNamed>;
  /**
   * Let others read along by a link, at any time. The link goes on when another session takes over. To
   * ask again brings the same link. Rejects with `unknown_type` where the server is too old.
   */
  share(options?: {
    /** Of the link of an earlier session, which goes on with this one. */
    key?: string;
  }): Promise<SharedLink>;
  /** End the link; resolves once nobody reads along any more. */
  stopSharing(): Promise<void>;
  /** Resolves once everything that was sent is answered. */
  stopTranscription(): Promise<TranscriptionStopped>;
  /**
   * The turn is over, as where a button is let go: what was sent is answered at once, without waiting
   * for a pause. Resolves once it is. What is sent later belongs to another utterance.
   */
  finalize(): Promise<Finalized>;
  /** Other options from the next utterance on; what is not named stays. Rejects, and changes nothing, where one cannot be had. */
  updateTranscription(options: UpdateOptions): Promise<TranscriptionUpdated>;
  /** What is sent from now on is ignored; time goes on. The open utterance ends, as with `finalize`. */
  pauseTranscription(): Promise<TranscriptionPaused>;
  /** What is sent from now on is heard again. */
  resumeTranscription(): Promise<TranscriptionResumed>;
  /** For a client that sends nothing for minutes: the server ends the session of one that is idle. */
  keepAlive(): Promise<void>;
  /**
   * Send audio as its `audio` option says, by default PCM16, 16 kHz, mono; outside of an enrolment or a
   * transcription it is dropped. Resolves once there is room for more: who sends a file chunk by
   * chunk waits for that, a microphone does not. A minute is kept at most. Rejects with a TypeError
   * what is encoded in another way. Of Opus, each call takes one packet.
   */
  sendAudio(audio: Int16Array | Float32Array | Uint8Array | ArrayBuffer): Promise<void>;
  /** End the session. What was asked for and is not answered rejects with `closed`. */
  close(): Promise<void>;
}
