/**
 * Times and ids that count from the beginning of a conversation, though the server ends a
 * transcription after some minutes and counts anew in the next.
 */

import { SAMPLE_RATE } from './pcm.js';

/** Messages that say how much audio came before. */
const COUNTED = ['finalized', 'transcription_paused', 'transcription_resumed'];

export class Timeline {
  /** @param {number} [rate] samples of the audio in a second */
  constructor(rate = SAMPLE_RATE) {
    this._rate = rate;
    this._offsetSamples = 0;
    this._offsetId = 0;
    this._nextId = 0;
    this._endSeconds = 0; // of the last words
    this._beganMs = null; // by the server's clock, once it has dated an utterance
    this._lateMs = 0; // by how much it dates this part too late; null: it has dated nothing in it
  }

  /** All of this, to go on with elsewhere by `restore`. */
  get state() {
    return {
      rate: this._rate,
      offsetSamples: this._offsetSamples,
      offsetId: this._offsetId,
      nextId: this._nextId,
      endSeconds: this._endSeconds,
      beganMs: this._beganMs,
      lateMs: this._lateMs,
    };
  }

  /** Go on as another one was. */
  restore({ rate, offsetSamples, offsetId, nextId, endSeconds, beganMs, lateMs }) {
    this._rate = rate;
    this._offsetSamples = offsetSamples;
    this._offsetId = offsetId;
    this._nextId = nextId;
    this._endSeconds = endSeconds;
    this._beganMs = beganMs;
    this._lateMs = lateMs;
  }

  /** How far the transcription that goes on began behind the conversation. */
  get offsetSeconds() {
    return this._offsetSamples / this._rate;
  }

  /** Begin another transcription behind so many samples of the last one, and behind its words. */
  renew(receivedSamples) {
    const endSamples = Math.ceil(this._rate * this._endSeconds);
    this._offsetSamples = Math.max(this._offsetSamples + receivedSamples, endSamples);
    this._offsetId = this._nextId;
    this._lateMs = null;
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
    if (message.type === 'transcription') {
      if (message.start_seconds !== undefined) this._shift(dated);
    } else if (COUNTED.includes(message.type)) {
      dated.received_samples += this._offsetSamples;
    } else {
      for (const name of ['start_seconds', 'end_seconds']) {
        if (message[name] !== undefined) dated[name] = this._later(message[name]);
      }
    }
    if (message.type === 'transcription_stopped' && this._offsetSamples > 0) {
      dated.offset_seconds = this.offsetSeconds;
    }
    return dated;
  }

  _later(seconds) {
    return Math.round(1000 * (seconds + this.offsetSeconds)) / 1000;
  }

  _shift(message) {
    const later = (seconds) => this._later(seconds);
    message.start_seconds = later(message.start_seconds);
    message.end_seconds = later(message.end_seconds);
    this._endSeconds = Math.max(this._endSeconds, message.end_seconds);
    const moved = (piece) => {
      const shifted = { ...piece, start_seconds: later(piece.start_seconds) };
      if (piece.end_seconds !== undefined) shifted.end_seconds = later(piece.end_seconds);
      return shifted;
    };
    if (message.tokens !== undefined) message.tokens = message.tokens.map(moved);
    if (message.words !== undefined) message.words = message.words.map(moved);
    this._date(message);
  }

  /** The server dates a transcription by when its audio came, and of the next, some came late. */
  _date(message) {
    const dateMs = Date.parse(message.timestamp);
    const beganMs = dateMs - 1000 * message.start_seconds;
    if (this._beganMs === null) this._lateMs = 0;
    else if (this._lateMs === null) this._lateMs = beganMs - this._beganMs;
    this._beganMs = beganMs - this._lateMs; // later where no audio came for a while
    if (this._lateMs !== 0) message.timestamp = new Date(dateMs - this._lateMs).toISOString();
  }
}
