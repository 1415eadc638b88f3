/** The transcript as a conversation. */

import { clockOf } from './formats.js';
import { t } from './language.js';
import { colourOf } from './speakers-view.js';
import { isStranger } from './transcript.js';

/** Labels of the server that a person should know of: the speaker may be another. */
const DOUBTS = ['doubtful', 'overlap', 'short'];

/** Nearer to the end than this, a line, is at the end. */
const END_PIXELS = 32;

export class ConversationView {
  /**
   * @param {{transcript: Element, interim: Element, empty: Element}} parts
   * @param {function(object): string} nameOf what who said an entry is called
   */
  constructor(parts, nameOf) {
    this._parts = parts;
    this._nameOf = nameOf;
    this._items = new Map(); // by the id of the entry
    this._goesOn = false; // the conversation does
    this._isAtEnd = true; // the reader is; who scrolled up is left where they read
    window.addEventListener('scroll', () => {
      this._isAtEnd = pixelsToEnd() <= END_PIXELS;
    });
    window.addEventListener('resize', () => this._follow());
  }

  /** Show what is there, from the beginning. */
  reset(transcript) {
    this._items.clear();
    this._parts.transcript.textContent = '';
    for (const entry of transcript.entries) this._append(entry);
    this.overhear(transcript.interim);
    this._parts.empty.hidden = transcript.entries.length > 0;
  }

  /** The conversation goes on: show its end, until the reader scrolls up. */
  begin() {
    this._goesOn = this._isAtEnd = true;
    this._follow();
  }

  /** Nothing is being said any more. */
  end() {
    this._goesOn = false;
    this.overhear(null);
  }

  /** Show one entry more. */
  add(entry) {
    this._append(entry);
    this._parts.empty.hidden = true;
    this._follow();
  }

  _append(entry) {
    const item = document.createElement('li');
    this._items.set(entry.id, item);
    this._fill(item, entry);
    this._parts.transcript.append(item);
  }

  /** Show an entry that has changed. */
  change(entry) {
    this._fill(this._items.get(entry.id), entry);
  }

  /** Show who is called what now; a screen reader does not read everything out anew. */
  rename(transcript) {
    for (const entry of transcript.entries) {
      const speaker = this._items.get(entry.id).querySelector('.speaker');
      const name = this._nameOf(entry);
      if (speaker.textContent !== name) speaker.textContent = name;
    }
  }

  /** Show what is being said; null: nothing. */
  overhear(interim) {
    this._parts.interim.textContent = interim === null ? '' : interim.text;
    if (interim !== null) this._parts.empty.hidden = true;
    this._follow();
  }

  _fill(item, entry) {
    item.textContent = '';
    item.className = 'utterance';
    if (isStranger(entry)) delete item.dataset.speaker;
    else item.dataset.speaker = colourOf(entry.speakerId);
    const head = piece('p', 'said-by');
    head.append(
      piece('strong', 'speaker', this._nameOf(entry)),
      piece('time', 'at', clockOf(entry.startSeconds)),
      piece('span', 'level', t('talk.level', { level: entry.levelDbfs.toFixed(0) }))
    );
    if (DOUBTS.includes(entry.label)) {
      item.dataset.doubt = entry.label;
      head.append(piece('span', 'doubt', t(`label.${entry.label}`)));
    }
    item.append(head, piece('p', 'text', entry.text));
  }

  /** Everything is seen at the end of the page, also what the footer hides elsewhere. */
  _follow() {
    if (this._goesOn && this._isAtEnd) window.scrollTo(0, document.documentElement.scrollHeight);
  }
}

function pixelsToEnd() {
  return document.documentElement.scrollHeight - window.innerHeight - window.pageYOffset;
}

function piece(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
