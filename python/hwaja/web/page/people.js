/** Who speaks and what each is called: the people with a card, and those who are found by their voices. */

import { Emitter } from '../client/emitter.js';
import { t } from './language.js';

/**
 * A person has the number that the server gives the speaker. Where the server does not know a voice of an
 * earlier session, it gives the number to somebody else: that is another person, who gets a higher one.
 *
 * Events: `named`, where somebody is called something else; `told`, where a name is written to its end.
 */
export class People extends Emitter {
  constructor(online) {
    super();
    this._online = online;
    this._names = new Map(); // what was entered, by person
    this._enrolled = new Set();
    this._found = new Map(); // who was found, by the server's number
    this._untold = new Set(); // whose name the server is told when they speak again
    this._taken = 0; // nobody who is found gets a number below
    online.on('gone', () => this._leave());
    online.on('began', () => this._leaveFound());
    online.on('roamed', ({ speaker_ids: known }) => this._leaveFound(known));
    online.on('resumed', ({ names = [] }) => {
      for (const { speaker_id: id, name } of names) this.rename(this.isFound(id) ? this._found.get(id) : id, name);
    });
  }

  /** Whether the server has found this speaker. */
  isFound(speakerId) {
    return this._found.has(speakerId);
  }

  /** The names, and who was found; can be written as JSON. */
  get state() {
    return { names: [...this._names], speakers: [...this._found], taken: this._taken };
  }

  /** Go on with what was `state`, before the page was loaded anew. */
  restore({ names, speakers, taken = 0 }) {
    this._names = new Map([...this._names, ...names]);
    this._found = new Map(speakers);
    this._taken = taken;
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
    const found = [...this._found].find((each) => each[1] === person);
    if (!this._enrolled.has(person) && found === undefined) return;
    const [speakerId] = found || [person];
    this._untold.delete(person);
    try {
      await this._online.client.nameSpeaker(speakerId, this.givenNameOf(person).trim());
    } catch (error) {
      if (error.reason === 'unknown_speaker') this._untold.add(person);
    }
  }

  /** The server has the voice of a person with a card. */
  enrol(person) {
    this._enrolled.add(person);
    this._found.delete(person);
    if (this.givenNameOf(person).trim() !== '') this.tell(person);
  }

  /** A speaker of the server has said something; returns who it is. */
  hear(speakerId) {
    if (this._enrolled.has(speakerId)) return speakerId;
    if (!this.isFound(speakerId)) this._found.set(speakerId, this._newNumber(speakerId));
    const person = this._found.get(speakerId);
    if (this._untold.has(person)) this.tell(person);
    return person;
  }

  /**
   * Nothing of the conversation is left: who was found is somebody else next time. Returns what
   * `bringBack` takes.
   */
  startOver() {
    const left = { names: new Map(this._names), taken: this._nextFound };
    for (const person of this._names.keys()) {
      if (!this._enrolled.has(person)) this._names.delete(person);
    }
    this._found.clear();
    this._taken = 0;
    this.emit('named');
    return left;
  }

  /** The conversation is there again: its people have their names, and who is found later is somebody else. */
  bringBack({ names, taken }) {
    this._names = new Map([...names, ...this._names]);
    this._taken = taken;
    this.emit('named');
  }

  _leave() {
    this._leaveFound();
    this._enrolled.clear();
  }

  /** Another session finds people anew, except those whom it knows. */
  _leaveFound(known = []) {
    this._taken = this._nextFound;
    for (const id of this._found.keys()) if (!known.includes(id)) this._found.delete(id);
    this._untold.clear();
  }

  /** The server's own number where nobody had it. */
  _newNumber(speakerId) {
    const isFree = speakerId >= this._taken && ![...this._found.values()].includes(speakerId);
    return isFree ? speakerId : this._nextFound;
  }

  /** The number behind all who were found. */
  get _nextFound() {
    return Math.max(this._taken, ...[...this._found.values()].map((person) => person + 1));
  }
}
