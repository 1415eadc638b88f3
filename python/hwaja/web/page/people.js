/** Who speaks and what each is called: the people with a card, and those who are found by their voices. */

import { Emitter } from '../client/emitter.js';
import { t } from './language.js';

/**
 * A person has the number that the server gives the speaker. After a session is lost, the server counts
 * the people whom it finds from 0 again: they are other people for all the page knows, so they get
 * higher numbers.
 *
 * Events: `named`, where somebody is called something else; `told`, where a name is written to its end.
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
    for (const event of ['roamed', 'began']) online.on(event, () => this._leaveFound());
    online.on('resumed', ({ names = [], speaker_ids: enrolled }) => {
      for (const { speaker_id: id, name } of names) this.rename(enrolled.includes(id) ? id : id + this._offset, name);
    });
  }

  /** The names, and who was found; can be written as JSON. */
  get state() {
    return { names: [...this._names], found: [...this._found], offset: this._offset };
  }

  /** Go on with what was `state`, before the page was loaded anew. */
  restore({ names, found, offset }) {
    this._names = new Map([...this._names, ...names]);
    this._found = new Set(found);
    this._offset = offset;
    this.emit('named');
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
    this.emit('told');
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

  /**
   * Nothing of the conversation is left: who was found is somebody else next time. Returns what
   * `bringBack` takes.
   */
  startOver() {
    const left = { names: new Map(this._names), offset: Math.max(this._offset, this._nextFound) };
    for (const person of this._names.keys()) {
      if (!this._enrolled.has(person)) this._names.delete(person);
    }
    this._found.clear();
    this._offset = 0;
    this.emit('named');
    return left;
  }

  /** The conversation is there again: its people have their names, and who is found later is somebody else. */
  bringBack({ names, offset }) {
    this._names = new Map([...names, ...this._names]);
    this._offset = offset;
    this.emit('named');
  }

  _leave() {
    this._leaveFound();
    this._enrolled.clear();
  }

  /** Another server finds the people whom the last one had found anew. */
  _leaveFound() {
    this._offset = Math.max(this._offset, this._nextFound);
    this._found.clear();
    this._untold.clear();
  }

  /** The number behind all who were found. */
  get _nextFound() {
    return Math.max(-1, ...this._found) + 1;
  }
}
