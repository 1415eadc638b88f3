/** The card of one voice: a name, a sentence to read, a level, and what the server says of the take. */

import { enable } from './ability.js';
import { dateOf } from './formats.js';
import { OF_TAB, REMEMBERED } from './kept-voices.js';
import { languageNow, t, translate } from './language.js';
import { Meter } from './meter.js';
import { ENOUGH_SECONDS } from './take.js';

/** So many sentences there are to read. */
const SENTENCES = 4;

export class VoiceCard {
  /**
   * @param {HTMLTemplateElement} template
   * @param {number} speakerId
   * @param {People} people who keeps the name
   * @param {{record: function, add: function, done: function, cancel: function}} told what is pressed
   */
  constructor(template, speakerId, people, told) {
    this.speakerId = speakerId;
    this._people = people;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.speaker = String(speakerId);
    this._told = told;
    this._name = this._find('input');
    this._record = this._find('.record');
    this._add = this._find('.add');
    this._cancel = this._find('.cancel');
    this._isUnheard = false; // nothing was said for a while
    this._meter = new Meter(this._find('.meter'));
    this._state = 'waiting';
    this._quality = null; // as the server measured it
    /** Whether the server has this voice. */
    this.isEnrolled = false;
    this._refusal = null;
    this._isAble = false;
    this._isRestored = false;
    this._ticket = null; // {ticket, expiresAt} of the voice that the server has
    this._remember = this._find('.remember input');
    this._remember.addEventListener('change', () => this._keep());
    this._recallKept();
    this._name.addEventListener('input', () => people.rename(speakerId, this._name.value));
    this._name.addEventListener('change', () => people.tell(speakerId));
    this._record.addEventListener('click', () => this._press());
    this._add.addEventListener('click', () => this._told.add());
    this._cancel.addEventListener('click', () => this._told.cancel());
    this.show('waiting');
  }

  /** Show what the person is called now. */
  showName() {
    const givenName = this._people.givenNameOf(this.speakerId);
    if (this.kept !== null && this.kept.name !== givenName) {
      REMEMBERED.keep(this.speakerId, { ...this.kept, name: givenName });
    }
    if (this._name.value !== givenName) this._name.value = givenName;
    this._render();
  }

  /** Whether a recording can be begun now. */
  set isAble(isAble) {
    this._isAble = isAble;
    this._render();
  }

  /**
   * Show where the enrolment is.
   *
   * @param {string} state `waiting`, `next`, `recording`, `checking`
   * @param {object} [found] `{quality}` of a voice that was taken, `{refusal}`: the key of why not
   */
  show(state, { quality, refusal = null } = {}) {
    this._state = state;
    this._isUnheard = false;
    if (quality !== undefined) {
      this._quality = quality;
      this._isRestored = false;
      this.isEnrolled = true;
    }
    this._refusal = refusal;
    this._render();
  }

  /** Say that this voice is recorded next, and have the keyboard, and who looks on, at the way to cancel it. */
  announce() {
    this.show('next');
    if (!document.activeElement.matches('.name input')) this._cancel.focus();
  }

  /** Show in how many seconds the recording begins. */
  count(seconds) {
    this._find('.countdown').textContent = seconds;
  }

  /** The voice that this device remembers; null: none. */
  get kept() {
    return REMEMBERED.get(this.speakerId);
  }

  /** The server has sealed the voice that it took. */
  seal({ ticket, ticket_expires_at: expiresAt }) {
    this._ticket = ticket === undefined ? null : { ticket, expiresAt };
    if (this._ticket === null) OF_TAB.drop(this.speakerId);
    else OF_TAB.keep(this.speakerId, { ...this._ticket, name: '' });
    this._keep();
  }

  /** The server has taken a voice that was kept. */
  restore({ ticket, expiresAt }, quality) {
    this._ticket = { ticket, expiresAt };
    OF_TAB.keep(this.speakerId, { ...this._ticket, name: '' });
    this.show('waiting', { quality });
    this._isRestored = this.kept !== null;
    this._render();
  }

  /** The voice that was kept is no good any more. */
  dropKept() {
    OF_TAB.drop(this.speakerId);
    this._remember.checked = false;
    this._keep();
  }

  /** The server knows this voice no more. */
  forget() {
    this.isEnrolled = false;
    this._quality = null;
    this._ticket = null;
    this.show('waiting');
  }

  /** The server has this voice from before the page was loaded. */
  recall() {
    this.isEnrolled = true;
    this._ticket = OF_TAB.get(this.speakerId);
    this.show('waiting');
  }

  /** Show what is heard while recording. */
  hear(level, take) {
    this._meter.show(level);
    this._find('.seconds').textContent = t('voice.seconds', {
      seconds: take.speechSeconds.toFixed(1),
      enough: ENOUGH_SECONDS,
    });
    if (take.isSilent !== this._isUnheard) {
      this._isUnheard = take.isSilent;
      this._find('.verdict').textContent = this._verdict();
    }
    enable(this._record, take.isLongEnough);
  }

  /** Say everything anew, in the language of now. */
  translate() {
    translate(this.element);
    this._render();
  }

  _recallKept() {
    if (this.kept === null) return;
    this._remember.checked = true;
    this._people.rename(this.speakerId, this.kept.name);
    this._name.value = this.kept.name;
  }

  /** Keep the voice on this device, or delete it, as the person chose. */
  _keep() {
    if (!this._remember.checked) REMEMBERED.drop(this.speakerId);
    else if (this._ticket !== null) {
      const name = this._people.givenNameOf(this.speakerId);
      REMEMBERED.keep(this.speakerId, { ...this._ticket, name });
    }
    this._render();
  }

  _press() {
    if (this._state === 'recording') this._told.done();
    else this._told.record();
  }

  _render() {
    const isRecording = this._state === 'recording';
    const isWaiting = this._state === 'waiting';
    const name = this._people.nameOf(this.speakerId);
    this.element.dataset.state = this.isEnrolled && isWaiting ? 'enrolled' : this._state;
    this.element.setAttribute('aria-label', name);
    const number = this._people.numberOf(this.speakerId);
    this._name.placeholder = number;
    this._name.setAttribute('aria-label', `${t('voice.name')}: ${number}`);
    this._find('.sentence').textContent = t(`voice.sentence.${this.speakerId % SENTENCES}`);
    this.element.toggleAttribute('data-refused', isWaiting && this._refusal !== null);
    this._find('.take').hidden = !isRecording;
    this._find('.verdict').textContent = this._verdict();
    this._find('.verdict').title = this._measured();
    this._record.textContent = isRecording ? t('voice.done') : t(this._recordKey, { name });
    const isNext = this._state === 'next';
    this._find('.countdown').hidden = !isNext;
    enable(this._record, this._isAble && (isNext || isWaiting));
    this._offer(this._cancel, isNext || isRecording);
    this._add.textContent = t('voice.add');
    this._offer(this._add, this.isEnrolled && isWaiting);
    enable(this._add, this._isAble);
    this._renderRemember();
    this._warn();
    if (!isRecording) this._meter.show(null);
  }

  /** Show a button or hide it; the keyboard does not go with it. */
  _offer(button, isOffered) {
    if (!isOffered && document.activeElement === button) this._record.focus();
    button.hidden = !isOffered;
  }

  _renderRemember() {
    const { kept } = this;
    // A voice from before the page was loaded anew cannot be kept: the ticket is gone.
    const isKeepable = !this.isEnrolled || this._ticket !== null || kept !== null;
    this._find('.remember').hidden = !isKeepable;
    this._find('.remember span').textContent =
      kept === null
        ? t(this._remember.checked ? 'voice.remember.later' : 'voice.remember')
        : t('voice.remember.kept', { date: dateOf(new Date(kept.expiresAt), languageNow()) });
  }

  get _recordKey() {
    return this.isEnrolled || this._refusal !== null ? 'voice.again' : 'voice.record';
  }

  _verdict() {
    if (this._isUnheard) return t('voice.unheard');
    if (this._state !== 'waiting') return t(`voice.${this._state}`, { name: this._people.nameOf(this.speakerId) });
    if (this._refusal !== null) return t(this._refusal);
    if (!this.isEnrolled) return t('voice.waiting');
    if (this._isRestored) return t('voice.restored');
    if (this._quality === null) return t('voice.kept');
    return t(this._quality.warnings.length === 0 ? 'voice.enrolled' : 'voice.enrolled.fairly');
  }

  /** What the server has measured, for who wants to know. */
  _measured() {
    if (this._quality === null) return '';
    const seconds = this._quality.speech_seconds.toFixed(1);
    return t('voice.measured', { seconds, snr: Math.round(this._quality.snr_db) });
  }

  _warn() {
    const list = this._find('.warnings');
    list.textContent = '';
    if (this._state !== 'waiting' || this._refusal !== null || this._quality === null) return;
    for (const { reason } of this._quality.warnings) {
      const item = document.createElement('li');
      item.textContent = t(`error.${reason}`);
      list.append(item);
    }
  }

  _find(selector) {
    return this.element.querySelector(selector);
  }
}
