/** The card of one voice: a name, a sentence to read, a level, and what the server says of the take. */

import { enable } from './ability.js';
import { dateOf } from './formats.js';
import { dropVoice, keepVoice, keptVoice } from './kept-voices.js';
import { languageNow, t, translate } from './language.js';
import { Meter } from './meter.js';

export class VoiceCard {
  /**
   * @param {HTMLTemplateElement} template
   * @param {number} speakerId
   * @param {People} people who keeps the name
   * @param {{record: function, add: function, done: function}} told what is pressed
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
    this.show('waiting');
  }

  /** Show what the person is called now. */
  showName() {
    const givenName = this._people.givenNameOf(this.speakerId);
    if (this.kept !== null && this.kept.name !== givenName) {
      keepVoice(this.speakerId, { ...this.kept, name: givenName });
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
   * @param {string} state `waiting`, `recording`, `checking`
   * @param {object} [found] `{quality}` of a voice that was taken, `{refusal}`: the key of why not
   */
  show(state, { quality, refusal = null } = {}) {
    this._state = state;
    if (quality !== undefined) {
      this._quality = quality;
      this._isRestored = false;
      this.isEnrolled = true;
    }
    this._refusal = refusal;
    this._render();
  }

  /** The voice that this device keeps; null: none. */
  get kept() {
    return keptVoice(this.speakerId);
  }

  /** The server has sealed the voice that it took. */
  seal({ ticket, ticket_expires_at: expiresAt }) {
    this._ticket = ticket === undefined ? null : { ticket, expiresAt };
    this._keep();
  }

  /** The server has taken the voice that this device keeps. */
  restore(quality) {
    const { ticket, expiresAt } = this.kept;
    this._ticket = { ticket, expiresAt };
    this.show('waiting', { quality });
    this._isRestored = true;
    this._render();
  }

  /** The voice that this device keeps is no good any more. */
  dropKept() {
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
    this.show('waiting');
  }

  /** Show what is heard while recording. */
  hear(level, take) {
    this._meter.show(level);
    this._find('.heard').value = take.progress;
    this._find('.seconds').textContent = t('voice.seconds', {
      seconds: take.speechSeconds.toFixed(1),
    });
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
    if (!this._remember.checked) dropVoice(this.speakerId);
    else if (this._ticket !== null) {
      const name = this._people.givenNameOf(this.speakerId);
      keepVoice(this.speakerId, { ...this._ticket, name });
    }
    this._render();
  }

  _press() {
    if (this._state === 'recording') this._told.done();
    else this._told.record();
  }

  _render() {
    const isRecording = this._state === 'recording';
    const name = this._people.nameOf(this.speakerId);
    this.element.dataset.state = this.isEnrolled && this._state === 'waiting' ? 'enrolled' : this._state;
    this._name.placeholder = this._people.numberOf(this.speakerId);
    this._find('.sentence').textContent = t(`voice.sentence.${this.speakerId}`);
    this.element.toggleAttribute('data-refused', this._state === 'waiting' && this._refusal !== null);
    this._find('.take').hidden = !isRecording;
    this._find('.verdict').textContent = this._verdict();
    this._record.textContent = isRecording ? t('voice.done') : t(this._recordKey, { name });
    enable(this._record, this._isAble && this._state === 'waiting');
    this._add.textContent = t('voice.add', { name });
    const isAddable = this.isEnrolled && this._state === 'waiting';
    if (!isAddable && document.activeElement === this._add) this._record.focus();
    this._add.hidden = !isAddable;
    enable(this._add, this._isAble);
    this._renderRemember();
    this._warn();
    if (!isRecording) this._meter.show(null);
  }

  _renderRemember() {
    const { kept } = this;
    // A voice from before the page was loaded anew cannot be kept: the ticket is gone.
    const isKeepable = !this.isEnrolled || this._ticket !== null || kept !== null;
    this._find('.remember').hidden = !isKeepable;
    const wanted = this._remember.checked ? 'voice.remember.later' : 'voice.remember';
    const date = kept === null ? '' : dateOf(new Date(kept.expiresAt), languageNow());
    const text = kept === null ? t(wanted) : t('voice.remember.kept', { date });
    this._find('.remember span').textContent = text;
  }

  get _recordKey() {
    return this.isEnrolled || this._refusal !== null ? 'voice.again' : 'voice.record';
  }

  _verdict() {
    if (this._state !== 'waiting') return t(`voice.${this._state}`);
    if (this._refusal !== null) return t(this._refusal);
    if (!this.isEnrolled) return t('voice.waiting');
    if (this._isRestored) return t('voice.restored');
    if (this._quality === null) return t('voice.kept');
    const seconds = this._quality.speech_seconds.toFixed(1);
    return t('voice.enrolled', { seconds, snr: Math.round(this._quality.snr_db) });
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
