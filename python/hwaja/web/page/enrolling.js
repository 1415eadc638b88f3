/** Enrolling the voices: which card records, what the server says of it. */

import { Emitter } from '../client/emitter.js';
import { LEVEL_SECONDS } from '../client/level.js';
import { adviceOn, isOfConnection, isOfTicket } from './advice.js';
import { countDown } from './countdown.js';
import { OF_TAB, keptVoice } from './kept-voices.js';
import { Take } from './take.js';
import { VoiceCard } from './voice-card.js';

/** So many voices a conversation needs: the specification's two speakers. */
const SPEAKERS = 2;

/** The server enrols no more. */
const MOST_SPEAKERS = 8;

/** The next person has so long to object. A take waits for speech, so nobody needs to hurry. */
const NOTICE_SECONDS = 3;

/** Events: `changed`, where a voice or a name has; `restored`, where all voices are there that were kept. */
export class Enrolling extends Emitter {
  /**
   * @param {{voices: Element, voiceTemplate: HTMLTemplateElement, voiceMore: Element, agreeFirst: Element}} parts
   * @param {{online: Online, listening: Listening, people: People, consent: Consent}} page
   */
  constructor(parts, { online, listening, people, consent }) {
    super();
    this._parts = parts;
    this._consent = consent;
    this._online = online;
    this._listening = listening;
    this._people = people;
    this._recording = null; // {card, take}
    this._next = null; // {card, stop}: the one that records next; `stop` is null once it begins
    this.cards = [];
    const kept = [...Array(MOST_SPEAKERS).keys()].filter((speakerId) => keptVoice(speakerId) !== null);
    this._provide(Math.max(SPEAKERS - 1, ...kept));
    parts.voiceMore.addEventListener('click', () => this._addCard());
    consent.on('changed', () => (consent.isGiven ? this._show() : this._cancel()));
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
    return this.cards.filter((card) => card.isEnrolled).length >= SPEAKERS;
  }

  /** Whether this device keeps a voice. */
  get hasKept() {
    return this.cards.some((card) => card.kept !== null);
  }

  /** Whether enough voices are enrolled, or will be without speech. */
  get isProvided() {
    const isThere = (card) => card.isEnrolled || keptVoice(card.speakerId) !== null;
    return this.cards.filter(isThere).length >= SPEAKERS;
  }

  /** The server is to forget the voices, and this tab too; others may come, who have agreed to nothing. */
  drop() {
    for (const { speakerId } of this.cards) OF_TAB.drop(speakerId);
    this._consent.withdraw();
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

  /** Have a card for each speaker up to this one. */
  _provide(speakerId) {
    while (this.cards.length <= speakerId) {
      const card = this._newCard(this.cards.length);
      this.cards.push(card);
      this._parts.voices.append(card.element);
    }
  }

  _newCard(speakerId) {
    return new VoiceCard(this._parts.voiceTemplate, speakerId, this._people, {
      record: () => this._record(this.cards[speakerId], false),
      add: () => this._record(this.cards[speakerId], true),
      done: () => this._finish(),
      cancel: () => this._cancel(),
    });
  }

  /** One more person is to be enrolled. */
  _addCard() {
    this._provide(this.cards.length);
    const card = this.cards[this.cards.length - 1];
    card.translate();
    this._show();
    card.element.querySelector('input').focus();
  }

  async _record(card, add) {
    const { stop } = this._next || {};
    if (stop === null) return;
    this._dismissNext(card);
    const next = (this._next = { card, stop: null });
    const isOpen = this._listening.isOpen || (await this._listening.open());
    if (this._next !== next) return;
    if (!isOpen) return this._dismissNext();
    try {
      await this._online.client.startSpeakerRegistration(card.speakerId, { add, ticket: true });
      if (this._next === null) return this._giveUp(card);
      if (this._next !== next) return;
      this._next = null;
      this._recording = { card, take: new Take() };
      card.show('recording');
    } catch (error) {
      this._dismissNext();
      this._show(card, error);
    }
  }

  /** Enrol the voices that are kept. */
  async _restore() {
    for (const card of this.cards) {
      const kept = keptVoice(card.speakerId);
      if (kept !== null && !card.isEnrolled) await this._restoreOne(card, kept);
    }
    this.emit('restored');
  }

  async _restoreOne(card, kept) {
    card.show('checking');
    try {
      const { quality } = await this._online.client.restoreSpeaker(card.speakerId, kept.ticket);
      card.restore(kept, quality);
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
    this._dismissNext();
    if (this._recording === null) return;
    const card = this._endTake();
    const isFirst = !card.isEnrolled;
    card.show('checking');
    try {
      const taken = await this._online.client.completeSpeakerRegistration(card.speakerId);
      card.show('waiting', { quality: taken.quality });
      card.seal(taken);
      this._people.enrol(card.speakerId);
      this._show();
      if (isFirst && taken.quality.warnings.length === 0) this._announceNext(card);
    } catch (error) {
      this._show(card, error);
    }
  }

  /** It is the turn of the person behind, unless somebody cancels. Nobody is recorded behind a page that is not seen. */
  _announceNext({ speakerId }) {
    const card = this.cards.find((each) => each.speakerId > speakerId && !each.isEnrolled);
    if (card === undefined) return;
    card.announce();
    const act = () => (document.hidden ? this._dismissNext() : this._record(card, false));
    this._next = { card, stop: countDown(NOTICE_SECONDS, (seconds) => card.count(seconds), act) };
  }

  /** No card records by itself any more; that of `taken` records now. */
  _dismissNext(taken = null) {
    if (this._next === null) return;
    const { card, stop } = this._next;
    this._next = null;
    if (stop) stop();
    if (card !== taken) card.show('waiting');
  }

  /** Nobody is recorded, now or next. */
  _cancel() {
    this._dismissNext();
    if (this._recording === null) this._show();
    else this._giveUp(this._endTake());
  }

  /** A take that is begun anew and has nothing in it is refused, and changes nothing. */
  async _giveUp(card) {
    const { client } = this._online;
    card.show('checking');
    try {
      await client.startSpeakerRegistration(card.speakerId);
      await client.completeSpeakerRegistration(card.speakerId);
    } catch (error) {
      if (isOfConnection(error)) return;
    }
    card.show('waiting');
    this._show();
  }

  /** A take may be refused before it is over. */
  _refuse(error) {
    if (this._recording === null || error.speakerId !== this._recording.card.speakerId) return;
    this._show(this._endTake(), error);
  }

  /** Returns whose take it was. */
  _endTake() {
    const { card } = this._recording;
    this._recording = null;
    return card;
  }

  /** Show what can be done now, and why a take was refused. */
  _show(card = null, error = null) {
    const isAble = this._online.state === 'ready' && this._recording === null && this._consent.isGiven;
    if (!isAble && (this._next || {}).stop) this._dismissNext();
    for (const each of this.cards) each.isAble = isAble;
    if (card !== null) card.show('waiting', isOfConnection(error) ? {} : { refusal: adviceOn(error) });
    this._parts.voiceMore.hidden = this.cards.length >= this._online.mostSpeakers;
    this._parts.agreeFirst.hidden = this._consent.isGiven;
    this.emit('changed');
  }

  _know(speakerIds) {
    const isCard = (id) => id < this._online.mostSpeakers && !this._people.isFound(id);
    for (const id of speakerIds.filter(isCard)) {
      this._provide(id);
      this.cards[id].recall();
      this._people.enrol(id);
    }
    this._show();
  }
}
