/** Finding words and marks in the transcript. */

import { t } from './language.js';

export class Searching {
  /**
   * @param {object} parts elements: `search`, `query`, `found`, `onlyMarked`, `previous`, `next`, `searchOpen`,
   *   `searchClose`
   * @param {ConversationView} view
   * @param {Correcting} correcting
   */
  constructor(parts, view, correcting) {
    this._parts = parts;
    this._view = view;
    this._correcting = correcting;
    this._ids = []; // of the entries that are found
    this._place = -1; // of the one that was gone to
    const { search, query, onlyMarked, previous, next, searchOpen, searchClose } = parts;
    query.addEventListener('input', () => this._run());
    query.addEventListener('keydown', (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === 'Enter') this._step(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape') this.close();
      else return;
      event.preventDefault();
    });
    search.addEventListener('submit', (event) => event.preventDefault());
    onlyMarked.addEventListener('click', () => {
      const isPressed = onlyMarked.getAttribute('aria-pressed') === 'true';
      onlyMarked.setAttribute('aria-pressed', String(!isPressed));
      this._run();
    });
    previous.addEventListener('click', () => this._step(-1));
    next.addEventListener('click', () => this._step(1));
    searchOpen.addEventListener('click', () => (search.hidden ? this.open() : this.close()));
    searchClose.addEventListener('click', () => this.close());
  }

  /** Search another transcript from now on. */
  begin(transcript) {
    this._transcript = transcript;
    this._run();
  }

  /** Ask what to search for. */
  open() {
    const { search, query, searchOpen } = this._parts;
    search.hidden = false;
    searchOpen.setAttribute('aria-expanded', 'true');
    query.focus();
    query.select();
    this._run();
  }

  /** Search no more. */
  close() {
    const { search, searchOpen } = this._parts;
    search.hidden = true;
    searchOpen.setAttribute('aria-expanded', 'false');
    searchOpen.focus();
    this._run();
  }

  /** Search again, where the transcript has changed. */
  update() {
    if (!this._parts.search.hidden) this._run();
  }

  _run() {
    const { search, query, onlyMarked } = this._parts;
    const pattern = search.hidden ? null : searchPattern(query.value);
    const areMarked = onlyMarked.getAttribute('aria-pressed') === 'true';
    const wanted = ({ text, note, isMarked }) =>
      (isMarked || !areMarked) && (pattern === null || pattern.test(text) || pattern.test(note));
    const isAsked = pattern !== null || (areMarked && !search.hidden);
    this._ids = isAsked ? this._transcript.entries.filter(wanted).map(({ id }) => id) : [];
    this._place = -1;
    this._view.highlight(pattern, this._transcript);
    this._view.following.follow();
    this._show(isAsked);
  }

  /** Go to the next that is found, or the one before; behind the last comes the first. */
  _step(by) {
    const count = this._ids.length;
    if (count === 0) return;
    const from = this._place < 0 && by < 0 ? 0 : this._place;
    this._place = (from + by + count) % count;
    this._correcting.select(this._ids[this._place], { focus: false, block: 'center' });
    this._show(true);
  }

  _show(isAsked) {
    const count = this._ids.length;
    const values = { count, place: this._place + 1 };
    const key = count > 0 && this._place >= 0 ? 'search.place' : 'search.count';
    this._parts.found.textContent = isAsked ? t(key, values) : '';
  }
}

/**
 * Return what finds a text whatever its spaces and its case are, as all of its only group; null: nothing is
 * searched for. Korean is spaced in many ways.
 */
export function searchPattern(query) {
  const letters = [...query.normalize('NFC').replace(/\s+/g, '')];
  if (letters.length === 0) return null;
  const escaped = letters.map((letter) => letter.replace(/[\\^$.*+?()[\]{}|]/, '\\$&'));
  return new RegExp(`(${escaped.join('\\s*')})`, 'i');
}
