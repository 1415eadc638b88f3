/** What may be asked for at any time: each is sent until the server answers. No socket. */

import { Deferred } from './deferred.js';
import { STTError } from './errors.js';

export class Requests {
  constructor() {
    this._asked = []; // {message, isAnswer, isSent, answer}
    this._shares = 0;
  }

  /** Have a speaker named; resolves with the answer of the server. */
  name(fields) {
    const { speaker_id: id, name } = fields;
    const isNamed = (said) => said.type === 'speaker_named' && said.speaker_id === id && said.name === name;
    const isRefused = (said) => said.code === 'SPEAKER_NAMING_FAILED' && said.speaker_id === id;
    return this._ask({ type: 'name_speaker', ...fields }, (said) => isNamed(said) || isRefused(said));
  }

  /** Have the session shared, or shared no more; resolves with the answer of the server. */
  share(fields) {
    const request_id = `share ${++this._shares}`;
    return this._ask({ type: 'share_session', ...fields, request_id }, (said) => said.request_id === request_id);
  }

  _ask(message, isAnswer) {
    const answer = new Deferred();
    this._asked.push({ message, isAnswer, isSent: false, answer });
    return answer.asked();
  }

  /** Return the next message to send; null: nothing. */
  next() {
    const unsent = this._asked.find(({ isSent }) => !isSent);
    if (unsent === undefined) return null;
    unsent.isSent = true;
    return unsent.message;
  }

  /** Send again what is not answered: it may be lost. To be asked twice changes nothing. */
  resume() {
    for (const each of this._asked) each.isSent = false;
  }

  /** Take a message of the server, which may be an answer. One that comes once more answers nothing. */
  take(message) {
    const place = this._asked.findIndex(({ isAnswer }) => isAnswer(message));
    if (place < 0) return;
    const [{ answer }] = this._asked.splice(place, 1);
    if (message.type === 'error') answer.reject(new STTError(message));
    else answer.resolve(message);
  }

  /** Nobody answers any more. */
  forget(error) {
    this._asked.splice(0).forEach(({ answer }) => answer.reject(error));
  }
}
