/**
 * One enrolment, restoration or transcription: what is to be sent next, and what an answer means for
 * it. No socket, no clock.
 *
 * Nothing is sent before the start is answered, and no end before all audio. So, when a connection
 * is lost, the server's `state` tells what it has had.
 */

import { SPECIFIED } from './audio-format.js';
import { Commands } from './commands.js';
import { CHUNK_SAMPLES } from './pcm.js';

/**
 * How much may be on its way to a server that tells what it has taken: it does so for every second,
 * and an answer to its pings waits behind all audio.
 */
const MOST_UNCONFIRMED_SECONDS = 8;

/** With so much sent, it has told of some. */
const CONFIRMED_BY_SECONDS = 2;

export const ENROLMENT = {
  start: 'start_speaker_registration',
  started: 'speaker_registration_started',
  end: 'complete_speaker_registration',
  ended: 'speaker_registration_completed',
  failed: 'SPEAKER_REGISTRATION_FAILED',
  refusals: [
    'wrong_state',
    'unknown_speaker',
    'bad_field',
    'encoding_unsupported',
    'channels_unsupported',
  ],
  listening: 'enrolling',
  closing: 'verifying',
};

/** The voice of a ticket is enrolled: the answer to the start is the end. */
export const RESTORATION = {
  start: 'restore_speaker',
  started: null,
  end: null,
  ended: 'speaker_registration_completed',
  failed: 'SPEAKER_REGISTRATION_FAILED',
  refusals: [
    ...ENROLMENT.refusals,
    'ticket_expired',
    'ticket_foreign',
    'ticket_tampered',
    'ticket_other_model',
    'ticket_other_subject',
    'same_voice',
    'engine_failed',
  ],
  listening: 'verifying',
  closing: 'verifying',
};

export const TRANSCRIPTION = {
  start: 'start_transcription',
  started: 'transcription_started',
  end: 'stop_transcription',
  ended: 'transcription_stopped',
  failed: 'TRANSCRIPTION_FAILED',
  refusals: [
    'wrong_state',
    'bad_field',
    'not_enrolled',
    'language_unsupported',
    'hotwords_unsupported',
    'hotword_unknown',
    'encoding_unsupported',
    'channels_unsupported',
  ],
  listening: 'transcribing',
  closing: 'draining',
};

export class Phase {
  /**
   * @param {object} kind ENROLMENT, RESTORATION or TRANSCRIPTION
   * @param {object} fields fields of the start message
   * @param {AudioStore} audio is emptied
   * @param {boolean} isConfirmed whether the server tells what it has taken
   */
  constructor(kind, fields, audio, isConfirmed) {
    this.kind = kind;
    this._fields = fields;
    this._audio = audio;
    this._isConfirmed = isConfirmed;
    /** Of the audio. */
    this.format = fields.audio || SPECIFIED;
    this._isStartSent = false;
    this._isEndSent = false;
    this._isHeld = false; // the server has ended it: there is nothing to be sent
    this._isTooFarAhead = false; // the server asks to hold on
    this._answeredSamples = 0; // of the transcription; only a client that roams knows
    /** Whether the start was answered. */
    this.isStarted = false;
    /** Whether all audio is there. */
    this.isEnding = kind.end === null;
    /** What was asked for between two samples. */
    this.commands = new Commands();
    audio.begin(isConfirmed, this.format);
  }

  /** Where the session is, in the server's words. */
  get state() {
    return this.isEnding ? this.kind.closing : this.kind.listening;
  }

  /** Whether this is the enrolment of a speaker, or, without one, the transcription. */
  is(kind, speakerId) {
    return this.kind === kind && this._speakerId === speakerId;
  }

  get _speakerId() {
    return this._fields.speaker_id;
  }

  /** Whether the server is to say something at once. */
  get isWaiting() {
    if (this._isHeld || this._isTooFarAhead || !this._isStartSent) return false;
    return !this.isStarted || (this._isConfirmed && this._unconfirmedSeconds >= CONFIRMED_BY_SECONDS);
  }

  /** Audio that waits to be sent. */
  get unsentSeconds() {
    return (this._audio.end - this._audio.sent) / this.format.rate;
  }

  /** Take audio; returns how many samples are lost, since there was no room for them. */
  append(audio) {
    const elements = this.format.samplesOf(audio);
    return this.isEnding ? 0 : this._audio.append(elements);
  }

  /** Ask for something behind the audio so far; returns the answer to come. */
  ask(fields) {
    return this.commands.add(fields, this._audio.end);
  }

  /** Another transcription that goes on with this one begins with these fields too. */
  update(fields) {
    this._fields = { ...this._fields, ...fields };
    delete this._fields.type;
  }

  /** All audio is there. */
  end() {
    this.isEnding = true;
  }

  /** This goes on already, and so much of its audio was taken. */
  adopt(receivedSamples) {
    this._isStartSent = this.isStarted = true;
    this._answeredSamples = receivedSamples; // what came before is not kept here
    this._audio.skip(receivedSamples);
  }

  /**
   * Return what is to be sent now, a message or audio; null: nothing.
   *
   * @param {boolean} isRoomy whether the socket takes audio
   */
  next(isRoomy) {
    if (this._isHeld) return null;
    if (!this._isStartSent) {
      this._isStartSent = true;
      return { type: this.kind.start, ...this._fields };
    }
    if (!this.isStarted) return null;
    const { sent } = this._audio;
    const command = this.commands.next(sent);
    if (command !== null) return command;
    if (this.unsentSeconds > 0) {
      const mostSamples = Math.min(CHUNK_SAMPLES, this.commands.nextAt - sent);
      return isRoomy && this._mayGoAhead ? this._audio.next(mostSamples) : null;
    }
    if (!this.isEnding || this._isEndSent) return null;
    this._isEndSent = true;
    return { type: this.kind.end, speaker_id: this._speakerId };
  }

  get _mayGoAhead() {
    if (this._isTooFarAhead) return false;
    return !this._isConfirmed || this._unconfirmedSeconds < MOST_UNCONFIRMED_SECONDS;
  }

  get _unconfirmedSeconds() {
    return (this._audio.sent - this._audio.confirmed) / this.format.rate;
  }

  /** The server has taken so much. */
  confirm(receivedSamples) {
    if (this.isStarted) this._audio.confirm(receivedSamples);
  }

  /** So much of the transcription is answered. */
  answer(answeredSamples) {
    if (!this.isStarted || answeredSamples <= this._answeredSamples) return;
    this._answeredSamples = answeredSamples;
    this._audio.answer(answeredSamples);
  }

  /** The server asks to hold on, or to go on. */
  hold(isTooFarAhead) {
    this._isTooFarAhead = isTooFarAhead;
  }

  /**
   * Return what a message means: `started`, `ended`, `failed`, `limited` (ended by the server, and
   * may go on in another transcription), or `passing` for all that changes nothing.
   */
  judge(message) {
    if (message.type === 'error') return this._judgeError(message);
    if (message.speaker_id !== this._speakerId) return 'passing';
    if (message.type === this.kind.started && !this.isStarted) {
      this.isStarted = true;
      return 'started';
    }
    const isAnswered = this.kind.end === null ? this._isStartSent : this._isEndSent;
    return message.type === this.kind.ended && isAnswered ? 'ended' : 'passing';
  }

  _judgeError({ code, reason }) {
    if (code === 'INVALID_MESSAGE' && !this.isStarted) return 'failed';
    if (code !== this.kind.failed) return 'passing';
    if (!this.isStarted) {
      // Another reason is of the one before, and crossed the start of this one.
      const isRefusal = reason === undefined || this.kind.refusals.includes(reason);
      return isRefusal ? 'failed' : 'passing';
    }
    if (this.kind === ENROLMENT) return 'failed';
    if (reason === 'audio_limit') return 'limited';
    const isOver = reason === 'wrong_state' || (reason === undefined && this._isEndSent);
    return isOver ? 'failed' : 'passing';
  }

  /**
   * Tell whether the server, which ended this by itself for such a reason, did not know yet of the
   * end that was sent to it: then it will answer that to nobody.
   */
  hasCrossed(reason) {
    return this._isEndSent && (reason === 'too_long' || reason === 'audio_limit');
  }

  /** Go on, on another connection, from where the server says that it is. */
  resume({ state, received_samples: receivedSamples }) {
    this._isTooFarAhead = false; // nothing of this connection waits
    if (!this.isStarted) {
      // An enrolment that is begun again loses nothing, since no audio was sent. A voice may be
      // restored twice.
      this._isStartSent = this.kind === TRANSCRIPTION && state !== 'ready';
    } else if (state === this.kind.listening || state === 'paused') {
      this._audio.rewind(receivedSamples);
      this._isEndSent = false;
      this.commands.resume(receivedSamples);
    } else {
      this._isHeld = true;
    }
  }

  /**
   * Begin another transcription with the first sample that this one has not taken.
   *
   * @returns {number} by how many samples it begins later, as `AudioStore.rebase`
   */
  renew(receivedSamples) {
    this._isStartSent = this.isStarted = this._isEndSent = this._isHeld = false;
    this._answeredSamples = 0;
    const lostSamples = this._audio.rebase(receivedSamples);
    this.commands.renew(receivedSamples + lostSamples);
    return lostSamples;
  }

  /**
   * Begin again in another session, whose server has had nothing of this.
   *
   * @returns {{beganSamples: number, lostSamples: number}} where a transcription goes on, and by how much
   *   later, as `renew`
   */
  beginAnew() {
    this._isTooFarAhead = false;
    const beganSamples = this._answeredSamples;
    return { beganSamples, lostSamples: this.renew(beganSamples) };
  }
}
