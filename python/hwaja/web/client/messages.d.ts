/** Every message of the server. docs/protocol.md says what every field means. */

/** In messages of a session that can be come back to; counts up by 1. */
export interface Numbered {
  number?: number;
}

/** The answer to a message with a `request_id` repeats it. */
export interface Answer {
  request_id?: string | number;
}

export interface ModelLoaded {
  type: 'model_loaded';
  message: string;
  session_token?: string;
  resumed?: boolean;
  state?: 'ready' | 'enrolling' | 'verifying' | 'transcribing' | 'paused' | 'draining';
  speaker_ids?: number[];
  received_samples?: number;
  /** What the client called whom. */
  names?: NamedSpeaker[];
  /** This and the following: with `hello`. */
  protocol_version?: string;
  server_version?: string;
  abilities?: {
    languages: string[];
    hotwords: boolean;
    interim_results: boolean;
    discovery: boolean;
    events: EventName[];
    messages: string[];
    encodings: string[];
  };
  limits?: {
    max_speakers: number;
    max_session_seconds: number;
    max_audio_seconds: number;
    max_enrolment_seconds: number;
    idle_seconds: number;
    resume_seconds: number;
    max_message_bytes: number;
  };
}

export interface NamedSpeaker {
  speaker_id: number;
  name: string;
}

/** What may be asked for in `events`. */
export type EventName = 'speech_started' | 'speech_ended' | 'utterance_dropped' | 'lag';

export interface RegistrationStarted extends Numbered, Answer {
  type: 'speaker_registration_started';
  speaker_id: number;
  message: string;
}

export interface RegistrationCompleted extends Numbered, Answer {
  type: 'speaker_registration_completed';
  speaker_id: number;
  message: string;
  /** With `quality` or `details`. */
  quality?: Quality;
  /** With `ticket`: the voice, for `restoreSpeaker`. */
  ticket?: string;
  /** With `ticket`: until when it is good; ISO 8601, UTC, milliseconds. */
  ticket_expires_at?: string;
}

export interface TranscriptionStarted extends Numbered, Answer {
  type: 'transcription_started';
  message: string;
}

/** One utterance, or the part of one that one person said. */
export interface Transcription extends Numbered {
  type: 'transcription';
  speaker_id: number;
  text: string;
  /** When it began: ISO 8601, UTC, milliseconds. */
  timestamp: string;
  /** RMS level in dBFS. */
  confidence: number;
  /** This and the following: with `details`, which are on by default. */
  segment_id?: number;
  start_seconds?: number;
  end_seconds?: number;
  label?: 'sure' | 'doubtful' | 'unknown' | 'overlap' | 'short';
  probability?: number;
  overlap_seconds?: number;
  margin?: number;
  scores?: number[];
  tokens?: Token[];
  language?: string;
  /** Expected share of the text's characters that are right; absent where the model gives none. */
  text_confidence?: number;
  words?: Word[];
  /** `speaker_id`, and who speaks at the same time; by id. */
  speakers?: SpeakerSpeech[];
  /** Of a client with several addresses: how much of the server's transcription is answered with this. */
  answered_samples?: number;
  /** What the client called the speaker. */
  speaker_name?: string;
}

export interface SpeakerSpeech {
  speaker_id: number;
  speech_seconds: number;
}

export interface Word {
  text: string;
  start_seconds: number;
  end_seconds: number;
  /** Expected share of its characters that are right. */
  text_confidence: number;
}

export interface Token {
  text: string;
  start_seconds: number;
  /** By the model, given the pieces before; absent where the model gives none. */
  probability?: number;
}

/** The text so far; an empty one takes it back. */
export interface Interim {
  type: 'interim';
  segment_id: number;
  text: string;
  /** How many characters at the beginning are as they were. */
  stable_chars: number;
}

export interface SpeakerUpdate extends Numbered {
  type: 'speaker_update';
  segment_id: number;
  speaker_id: number;
}

/** Answers `name_speaker`. */
export interface SpeakerNamed extends Numbered, Answer {
  type: 'speaker_named';
  speaker_id: number;
  /** Empty: none any more. */
  name: string;
}

/** With `tickets`: a voice that was discovered is known better than before, or no longer there. */
export interface VoiceSealed {
  type: 'voice_sealed';
  speaker_id: number;
  /** For `restoreSpeaker`. Absent: nobody has this id any more, or has spoken for less than 2 s. */
  ticket?: string;
  /** Until when it is good; ISO 8601, UTC, milliseconds. */
  ticket_expires_at?: string;
}

/** Answers `share_session`. */
export interface SessionShared extends Numbered, Answer {
  type: 'session_shared';
  /** Absent, as the key: there is no link. */
  token?: string;
  key?: string;
}

export interface TranscriptionStopped extends Numbered, Answer {
  type: 'transcription_stopped';
  message: string;
  utterances: number;
  failed: number;
  audio_seconds: number;
  speakers: SpeakerShare[];
  /** Where the transcription was renewed: when its last part began, whose figures these are. */
  offset_seconds?: number;
}

/** All that was sent before `finalize` is answered. */
export interface Finalized extends Numbered, Answer {
  type: 'finalized';
  received_samples: number;
}

/** The next utterance has the new options. */
export interface TranscriptionUpdated extends Numbered, Answer {
  type: 'transcription_updated';
  message: string;
}

export interface TranscriptionPaused extends Numbered, Answer {
  type: 'transcription_paused';
  message: string;
  received_samples: number;
}

export interface TranscriptionResumed extends Numbered, Answer {
  type: 'transcription_resumed';
  message: string;
  received_samples: number;
}

export interface SpeechStarted extends Numbered {
  type: 'speech_started';
  segment_id: number;
  start_seconds: number;
}

export interface SpeechEnded extends Numbered {
  type: 'speech_ended';
  segment_id: number;
  end_seconds: number;
}

/** Something was heard as speech, and no text comes of it. */
export interface UtteranceDropped extends Numbered {
  type: 'utterance_dropped';
  segment_id: number;
  reason: 'no_words' | 'noise' | 'failed';
}

/** Answers come late, by so much; 0: no longer. */
export interface Lag extends Numbered {
  type: 'lag';
  seconds: number;
}

export interface SpeakerShare {
  speaker_id: number;
  utterances: number;
  speech_seconds: number;
  /** What the client called the speaker. */
  name?: string;
}

export interface AudioReceived {
  type: 'audio_received';
  received_samples: number;
  /** Of a client with several addresses: how much of the transcription is answered. */
  answered_samples?: number;
}

export interface TooFarAhead {
  type: 'too_far_ahead';
  waiting_seconds: number;
  hold: boolean;
}

export interface LimitWarning extends Numbered {
  type: 'limit_warning';
  reason: 'session_limit' | 'audio_limit' | 'idle';
  message: string;
  seconds_left: number;
}

export interface ErrorMessage extends Numbered, Answer {
  type: 'error';
  code: ErrorCode;
  message: string;
  reason?: Reason;
  speaker_id?: number;
  quality?: Quality;
  looks_like?: AudioFormat;
  received_samples?: number;
}

/** Every message of the server; `type` tells which. */
export type ServerMessage =
  | ModelLoaded
  | RegistrationStarted
  | RegistrationCompleted
  | TranscriptionStarted
  | Transcription
  | Interim
  | SpeakerUpdate
  | SpeakerNamed
  | VoiceSealed
  | SessionShared
  | TranscriptionStopped
  | Finalized
  | TranscriptionUpdated
  | TranscriptionPaused
  | TranscriptionResumed
  | SpeechStarted
  | SpeechEnded
  | UtteranceDropped
  | Lag
  | AudioReceived
  | TooFarAhead
  | LimitWarning
  | ErrorMessage;

export interface Quality {
  speech_seconds: number;
  takes: number;
  level_dbfs: number;
  snr_db: number;
  clipped_share: number;
  agreement: number;
  other_similarity?: number;
  takes_similarity?: number;
  warnings: QualityWarning[];
}

export interface QualityWarning {
  reason:
    | 'perhaps_two_voices'
    | 'similar_voice'
    | 'clipped'
    | 'noisy'
    | 'quiet'
    | 'little_speech';
  message: string;
}

export type ErrorCode =
  | 'CONNECTION_FAILED'
  | 'SPEAKER_REGISTRATION_FAILED'
  | 'TRANSCRIPTION_FAILED'
  | 'INVALID_MESSAGE'
  | 'INVALID_AUDIO'
  | 'SPEAKER_NAMING_FAILED';

export type AudioFormat =
  | 'float32'
  | 'float64'
  | 'int32'
  | 'int24'
  | 'uint16'
  | 'uint8'
  | 'mu_law'
  | 'a_law'
  | 'big_endian'
  | 'shifted'
  | 'stereo'
  | 'higher_rate';

export type Reason =
  | 'server_full'
  | 'session_limit'
  | 'idle'
  | 'token_revoked'
  | 'server_failed'
  | 'server_stopped'
  | 'wrong_state'
  | 'unknown_speaker'
  | 'bad_field'
  | 'no_audio'
  | 'too_little_speech'
  | 'too_long'
  | 'wrong_format'
  | 'two_voices'
  | 'same_voice'
  | 'other_voice'
  | 'ticket_expired'
  | 'ticket_foreign'
  | 'ticket_tampered'
  | 'ticket_other_model'
  | 'ticket_other_subject'
  | 'engine_failed'
  | 'not_enrolled'
  | 'audio_limit'
  | 'language_unsupported'
  | 'hotwords_unsupported'
  | 'hotword_unknown'
  | 'not_json'
  | 'unknown_type'
  | 'message_too_long'
  | 'odd_byte_count'
  | 'riff_header'
  | 'incomplete_sample'
  | 'not_finite'
  | 'bad_packet'
  | 'packet_too_long'
  | 'wrong_channels'
  | 'encoding_unsupported'
  | 'channels_unsupported';
