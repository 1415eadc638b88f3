/** The transcript as a conversation. */

import { clockOf } from './formats.js';
import { t } from './language.js';
import { isStranger } from './transcript.js';

/** Labels of the server that a person should know of: the speaker may be another. */
const DOUBTS = ['doubtful', 'overlap', 'short'];

/** Nearer to the bottom than this is at the bottom: who scrolled up is left where they read. */
const BOTTOM_PIXELS = 120;

export class ConversationView {
  /**
   * @param {{transcript: Element, interim: Element, empty: Element}} parts
   * @param {function(object): string} nameOf what who said an entry is called
   */
  constructor(parts, nameOf) {
    this._parts = parts;
    this._nameOf = nameOf;
    this._items = new Map(); // by the id of the entry
  }

  /** Show what is there, from the beginning. */
  reset(transcript) {
    this._items.clear();
    this._parts.transcript.textContent = '';
    for (const entry of transcript.entries) this.add(entry);
    this.overhear(transcript.interim);
    this._parts.empty.hidden = transcript.entries.length > 0;
  }

  /** Show one entry more. */
  add(entry) {
    const stays = this._isAtBottom();
    const item = document.createElement('li');
    this._items.set(entry.id, item);
    this._fill(item, entry);
    this._parts.transcript.append(item);
    this._parts.empty.hidden = true;
    if (stays) item.scrollIntoView({ block: 'nearest' });
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
    const stays = this._isAtBottom();
    this._parts.interim.textContent = interim === null ? '' : interim.text;
    if (interim !== null) this._parts.empty.hidden = true;
    if (interim !== null && stays) this._parts.interim.scrollIntoView({ block: 'nearest' });
  }

  _fill(item, entry) {
    item.textContent = '';
    item.className = 'utterance';
    if (!isStranger(entry)) item.dataset.speaker = String(entry.speakerId);
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

  _isAtBottom() {
    const { scrollHeight } = document.documentElement;
    return window.innerHeight + window.pageYOffset >= scrollHeight - BOTTOM_PIXELS;
  }
}

function piece(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
