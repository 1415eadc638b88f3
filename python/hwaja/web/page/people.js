/** Who speaks and what each is called: the people with a card, and those who are found by their voices. */

import { Emitter } from '../client/emitter.js';
import { t } from './language.js';

/**
 * A person has the number that the server gives the speaker. After a session is lost, the server counts
 * the people whom it finds from 0 again: they are other people for all the page knows, so they get
 * higher numbers.
 *
 * Events: `named`, where somebody is called something else.
 */
export class People extends Emitter {
  constructor(online) {
    super();
    this._online = online;
    this._names = new Map(); // what was entered, by person
    this._enrolled = new Set();
    this._found = new Set();
    this._untold = new Set(); // whose name the server is told when they speak again
    this._offset = 0; // of those who are found
    online.on('gone', () => this._leave());
    online.on('roamed', () => this._leaveFound());
    online.on('resumed', ({ names = [] }) => {
      for (const { speaker_id: person, name } of names) this.rename(person, name);
    });
  }

  /** What a person is called. */
  nameOf(person) {
    return this.givenNameOf(person).trim() || this.numberOf(person);
  }

  /** What a person is called who has no name. */
  numberOf(person) {
    return t('voice.default', { number: person + 1 });
  }

  /** What was entered as a name; empty: nothing. */
  givenNameOf(person) {
    return this._names.get(person) || '';
  }

  /** Call a person something else. */
  rename(person, givenName) {
    this._names.set(person, givenName);
    this.emit('named');
  }

  /** Tell the server the name. If it does not know the voice well enough, it is told again. */
  async tell(person) {
    if (!this._enrolled.has(person) && !this._found.has(person)) return;
    this._untold.delete(person);
    const speakerId = this._enrolled.has(person) ? person : person - this._offset;
    try {
      await this._online.client.nameSpeaker(speakerId, this.givenNameOf(person).trim());
    } catch (error) {
      if (error.reason === 'unknown_speaker') this._untold.add(person);
    }
  }

  /** The server has the voice of a person with a card. */
  enrol(person) {
    this._enrolled.add(person);
    if (this.givenNameOf(person).trim() !== '') this.tell(person);
  }

  /** A speaker of the server has said something; returns who it is. */
  hear(speakerId) {
    if (this._enrolled.has(speakerId)) return speakerId;
    const person = speakerId + this._offset;
    this._found.add(person);
    if (this._untold.has(person)) this.tell(person);
    return person;
  }

  /** Nothing of the conversation is left: who was found is somebody else next time. */
  startOver() {
    for (const person of this._names.keys()) {
      if (!this._enrolled.has(person)) this._names.delete(person);
    }
    this._found.clear();
    this._offset = 0;
    this.emit('named');
  }

  _leave() {
    this._leaveFound();
    this._enrolled.clear();
  }

  /** Another server finds the people whom the last one had found anew. */
  _leaveFound() {
    if (this._found.size > 0) this._offset = Math.max(...this._found) + 1;
    this._found.clear();
    this._untold.clear();
  }
}
