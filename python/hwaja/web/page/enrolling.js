/** Enrolling the two voices: which card records, what the server says of it. */

import { Emitter } from '../client/emitter.js';
import { LEVEL_SECONDS } from '../client/level.js';
import { adviceOn, isOfConnection, isOfTicket } from './advice.js';
import { Take } from './take.js';
import { VoiceCard } from './voice-card.js';

/** The specification's two speakers. */
const SPEAKERS = 2;

/** Events: `changed`, where a voice or a name has. */
export class Enrolling extends Emitter {
  constructor(root, template, { online, listening, people }) {
    super();
    this._online = online;
    this._listening = listening;
    this._people = people;
    this._recording = null; // {card, take}
    this.cards = [...Array(SPEAKERS).keys()].map((speakerId) => this._newCard(template, speakerId));
    root.append(...this.cards.map((card) => card.element));
    listening.on('level', (level) => this._hear(level));
    listening.on('failed', () => this._finish());
    online.on('state', () => this._show());
    online.on('gone', () => this.forget());
    online.on('began', () => this._restore());
    online.on('resumed', (welcome) => this._know(welcome.speaker_ids));
    online.on('failed', (error) => this._refuse(error));
    people.on('named', () => {
      for (const card of this.cards) card.showName();
      this.emit('changed');
    });
  }

  /** Whether all voices are enrolled. */
  get isComplete() {
    return this.cards.every((card) => card.isEnrolled);
  }

  /** Whether this device keeps a voice. */
  get hasKept() {
    return this.cards.some((card) => card.kept !== null);
  }

  /** The server knows no voice any more. */
  forget() {
    this._recording = null;
    for (const card of this.cards) card.forget();
    this._show();
  }

  translate() {
    for (const card of this.cards) card.translate();
  }

  _newCard(template, speakerId) {
    return new VoiceCard(template, speakerId, this._people, {
      record: () => this._record(this.cards[speakerId], false),
      add: () => this._record(this.cards[speakerId], true),
      done: () => this._finish(),
    });
  }

  async _record(card, add) {
    if (!this._listening.isOpen && !(await this._listening.open())) return;
    try {
      await this._online.client.startSpeakerRegistration(card.speakerId, { add, ticket: true });
      this._recording = { card, take: new Take() };
      card.show('recording');
    } catch (error) {
      this._show(card, error);
    }
  }

  /** Enrol the voices that this device keeps. */
  async _restore() {
    for (const card of this.cards) {
      if (card.kept !== null && !card.isEnrolled) await this._restoreOne(card);
    }
  }

  async _restoreOne(card) {
    card.show('checking');
    try {
      const { client } = this._online;
      const { quality } = await client.restoreSpeaker(card.speakerId, card.kept.ticket);
      card.restore(quality);
      this._people.enrol(card.speakerId);
      this._show();
    } catch (error) {
      if (isOfTicket(error)) card.dropKept();
      this._show(card, error);
    }
  }

  _hear(level) {
    if (this._recording === null) return;
    const { card, take } = this._recording;
    take.hear(level.rmsDbfs, LEVEL_SECONDS);
    card.hear(level, take);
    if (take.isComplete) this._finish();
  }

  async _finish() {
    if (this._recording === null) return;
    const { card } = this._recording;
    this._recording = null;
    card.show('checking');
    try {
      const taken = await this._online.client.completeSpeakerRegistration(card.speakerId);
      card.show('waiting', { quality: taken.quality });
      card.seal(taken);
      this._people.enrol(card.speakerId);
      this._show();
    } catch (error) {
      this._show(card, error);
    }
  }

  /** A take may be refused before it is over. */
  _refuse(error) {
    if (this._recording === null || error.speakerId !== this._recording.card.speakerId) return;
    const { card } = this._recording;
    this._recording = null;
    this._show(card, error);
  }

  /** Show what can be done now, and why a take was refused. */
  _show(card = null, error = null) {
    const isAble = this._online.state === 'ready' && this._recording === null;
    for (const each of this.cards) each.isAble = isAble;
    if (card !== null) card.show('waiting', isOfConnection(error) ? {} : { refusal: adviceOn(error) });
    this.emit('changed');
  }

  _know(speakerIds) {
    for (const id of speakerIds.filter((each) => each < SPEAKERS)) {
      this.cards[id].recall();
      this._people.enrol(id);
    }
    this._show();
  }
}
