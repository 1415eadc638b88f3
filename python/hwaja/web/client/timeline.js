/**
 * Times and ids that count from the beginning of a conversation, though the server ends a
 * transcription after some minutes and counts anew in the next.
 */

import { SAMPLE_RATE } from './pcm.js';

export class Timeline {
  constructor() {
    this._offsetSamples = 0;
    this._offsetId = 0;
    this._nextId = 0;
    this._beganAtMs = null; // by the server's clock, once it has dated an utterance
  }

  /** How far the transcription that goes on began behind the conversation. */
  get offsetSeconds() {
    return this._offsetSamples / SAMPLE_RATE;
  }

  /** Begin another transcription behind so many samples of the last one. */
  renew(receivedSamples) {
    this._offsetSamples += receivedSamples;
    this._offsetId = this._nextId;
  }

  /**
   * Return a message of the server as it would be if there were one transcription only. The figures
   * of `transcription_stopped` stay those of its last part, which began at `offset_seconds`.
   */
  dated(message) {
    const dated = { ...message };
    if (message.segment_id !== undefined) {
      dated.segment_id += this._offsetId;
      this._nextId = Math.max(this._nextId, dated.segment_id + 1);
    }
    if (message.start_seconds !== undefined) this._shift(dated);
    if (message.type === 'transcription_stopped' && this._offsetSamples > 0) {
      dated.offset_seconds = this.offsetSeconds;
    }
    return dated;
  }

  _shift(message) {
    const later = (seconds) => Math.round(1000 * (seconds + this.offsetSeconds)) / 1000;
    message.start_seconds = later(message.start_seconds);
    message.end_seconds = later(message.end_seconds);
    if (message.tokens !== undefined) {
      message.tokens = message.tokens.map((token) => ({
        ...token,
        start_seconds: later(token.start_seconds),
      }));
    }
    this._date(message);
  }

  /** The server dates a transcription by when its audio came, and of the next, some came late. */
  _date(message) {
    const startMs = 1000 * message.start_seconds;
    if (this._beganAtMs === null) this._beganAtMs = Date.parse(message.timestamp) - startMs;
    else if (this._offsetSamples > 0) {
      message.timestamp = new Date(this._beganAtMs + startMs).toISOString();
    }
  }
}
