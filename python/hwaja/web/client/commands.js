/** What is asked for between two samples of a transcription, until it is answered. No socket. */

import { Deferred } from './deferred.js';
import { STTError } from './errors.js';

/** What another transcription must be asked for again, although it was answered. */
const PAUSE = 'pause_transcription';
const SWITCHES = [PAUSE, 'resume_transcription'];

export class Commands {
  constructor() {
    this._asked = []; // in the order of samples, to be answered
    this._switches = []; // the answered ones, in the order of samples
    this._lastId = 0;
  }

  /**
   * Ask for something.
   *
   * @param {object} fields of the message
   * @param {number} at how many samples come before it
   * @returns {Deferred} of the server's answer
   */
  add(fields, at) {
    const answer = new Deferred();
    this._asked.push({ fields, at, requestId: ++this._lastId, isSent: false, isAnswered: false, answer });
    return answer;
  }

  /** How many samples are to be sent before the next one. */
  get nextAt() {
    const next = this._unsent;
    return next === undefined ? Infinity : next.at;
  }

  /** Return the message that is to be sent behind so many samples; null: none. */
  next(sentSamples) {
    const next = this._unsent;
    if (next === undefined || next.at > sentSamples) return null;
    next.isSent = true;
    if (next.fields.type === 'keep_alive') this._forget(next); // it has no answer
    return { ...next.fields, request_id: next.requestId };
  }

  get _unsent() {
    return this._asked.find(({ isSent }) => !isSent);
  }

  /**
   * Take an answer of the server; returns what was asked for, or null: it is known already, or will
   * come again, since the server had ended the transcription by itself.
   */
  take(message) {
    const command = this._asked.find(({ requestId }) => requestId === message.request_id);
    const isLate = message.reason === 'wrong_state';
    if (command === undefined || isLate || message.received_samples < command.at) return null;
    this._forget(command);
    if (SWITCHES.includes(command.fields.type) && message.type !== 'error') this._switches.push(command);
    const wasAnswered = command.isAnswered;
    command.isAnswered = true;
    return wasAnswered ? null : command;
  }

  _forget(command) {
    this._asked.splice(this._asked.indexOf(command), 1);
    if (command.fields.type === 'keep_alive') command.answer.resolve();
  }

  /** The server has so much of the audio, and what was asked for before its end. */
  resume(receivedSamples) {
    this._asked.forEach((command) => (command.isSent = command.at < receivedSamples));
  }

  /** Another transcription goes on with such a sample: ask it for what was not answered. */
  renew(start) {
    const last = this._switches.filter(({ at }) => at <= start).pop();
    const later = this._switches.filter(({ at }) => at > start);
    if (last !== undefined && last.fields.type === PAUSE) later.unshift(last); // it begins paused
    this._switches = [];
    this._asked = [...later, ...this._asked].sort((a, b) => a.requestId - b.requestId);
    this._asked.forEach((command) => {
      command.at = Math.max(0, command.at - start);
      command.isSent = false;
      command.requestId = ++this._lastId; // the server may still refuse the first one
    });
  }

  /** Nothing of it will be answered. */
  reject(error) {
    this._switches = [];
    this._asked.splice(0).forEach(({ answer }) => answer.reject(error));
  }
}

/** Settle what was asked for. */
export function settle({ answer }, message) {
  if (message.type === 'error') answer.reject(new STTError(message));
  else answer.resolve(message);
}
