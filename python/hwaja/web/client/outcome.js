/** What becomes of an enrolment or a transcription, for whoever waits for its start or its end. */

import { Deferred } from './deferred.js';
import { STTError } from './errors.js';

export class Outcome {
  constructor() {
    this._failed = null; // the phase that failed while nobody waited for it, and its error
    this.begin();
  }

  /** Another phase has begun. */
  begin() {
    this.forgetFailure();
    this._started = new Deferred();
    this._ended = new Deferred();
  }

  /** One that an earlier page began goes on. */
  adopt() {
    this.begin();
    this._started.resolve();
  }

  /** Resolves once the server has started. */
  started() {
    return this._started.asked();
  }

  /** Resolves once the server has ended. */
  ended() {
    return this._ended.asked();
  }

  /** The error with which the last phase failed while nobody waited for it; null: it did not. */
  get error() {
    return this._failed === null ? null : this._failed.error;
  }

  /** @throws {STTError} where the phase whose end is asked for has failed already; once */
  check(kind, speakerId) {
    if (this._failed === null || !this._failed.phase.is(kind, speakerId)) return;
    const { error } = this;
    this.forgetFailure();
    throw error;
  }

  forgetFailure() {
    this._failed = null;
  }

  /** Take a message with its meaning, as `Dialogue.take` has it, for the phase that it was about. */
  take(meaning, message, phase) {
    if (meaning === 'started') this._started.resolve(message);
    if (meaning === 'ended') this._ended.resolve(message);
    if (meaning !== 'failed') return;
    const error = new STTError(message);
    phase.commands.reject(error);
    if (this._started.isSettled && !phase.isEnding) this._failed = { phase, error };
    this.reject(error);
  }

  /** Nothing more comes. */
  reject(error) {
    this._started.reject(error);
    this._ended.reject(error);
  }
}
