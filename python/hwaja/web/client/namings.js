/** The names that speakers are to get: each is sent until the server answers. No socket. */

import { Deferred } from './deferred.js';
import { STTError } from './errors.js';

export class Namings {
  constructor() {
    this._asked = []; // {message, isSent, answer}
  }

  /** Have a speaker named; resolves with the answer of the server. */
  ask(speakerId, name) {
    const message = { type: 'name_speaker', speaker_id: speakerId, name };
    const answer = new Deferred();
    this._asked.push({ message, isSent: false, answer });
    return answer.asked();
  }

  /** Return the next message to send; null: nothing. */
  next() {
    const unsent = this._asked.find(({ isSent }) => !isSent);
    if (unsent === undefined) return null;
    unsent.isSent = true;
    return unsent.message;
  }

  /** Send again what is not answered: it may be lost. To be named twice changes nothing. */
  resume() {
    for (const each of this._asked) each.isSent = false;
  }

  /** The speaker is named. */
  take(message) {
    const { answer } = this._remove(({ speaker_id: speakerId, name }) => speakerId === message.speaker_id && name === message.name);
    answer.resolve(message);
  }

  /** The speaker is not named. */
  refuse(message) {
    const { answer } = this._remove(({ speaker_id: speakerId }) => speakerId === message.speaker_id);
    answer.reject(new STTError(message));
  }

  /** Nobody answers any more. */
  forget(error) {
    this._asked.splice(0).forEach(({ answer }) => answer.reject(error));
  }

  /** An answer that comes once more is to nothing that was asked. */
  _remove(isIt) {
    const place = this._asked.findIndex(({ message }) => isIt(message));
    return place < 0 ? { answer: new Deferred() } : this._asked.splice(place, 1)[0];
  }
}
