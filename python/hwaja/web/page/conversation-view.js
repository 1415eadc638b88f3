/** The transcript as a conversation. */

import { Following } from './following.js';
import { Sentence, piece } from './sentence.js';

/** So many of the newest sentences stand where a screen reader reads them out. */
const SPOKEN = 5;

export class ConversationView {
  /**
   * @param {{transcript: Element, spoken: Element, interim: Element, empty: Element, controls: Element,
   *   latest: Element}} parts
   * @param {function(object): string} nameOf what who said an entry is called
   */
  constructor(parts, nameOf) {
    this._parts = parts;
    this._nameOf = nameOf;
    this._sentences = new Map(); // by the id of the entry
    this._reachable = null; // the item where the Tab key leads
    this._pattern = null;
    /** Whether the page scrolls to the newest sentence. */
    this.following = new Following({ ...parts, end: parts.interim });
  }

  /** Show what is there, from the beginning. */
  reset(transcript) {
    this._sentences.clear();
    this._reachable = null;
    this._parts.transcript.textContent = this._parts.spoken.textContent = '';
    for (const entry of transcript.entries) this._append(entry);
    this.overhear(transcript.interim);
    this._parts.empty.hidden = transcript.entries.length > 0;
  }

  /** Show all sentences again as they are, in the language of now. */
  refresh(transcript) {
    for (const entry of transcript.entries) this.change(entry);
  }

  /** Show where a pattern is found, whose only group is all of it; null: nowhere. */
  highlight(pattern, transcript) {
    this._pattern = pattern;
    this.refresh(transcript);
  }

  /** Nothing is being said any more. */
  end() {
    this.overhear(null);
    this.following.end();
  }

  /** Show one entry more, and have it read out. */
  add(entry) {
    const isAtLast = this._reachable === this._parts.transcript.lastElementChild;
    const item = this._append(entry);
    // The newest sentence, until somebody goes to another.
    if (isAtLast && document.activeElement !== this._reachable) this.reach(item);
    this._parts.empty.hidden = true;
    const { spoken } = this._parts;
    spoken.append(piece('p', '', `${this._nameOf(entry)}: ${entry.text}`));
    if (spoken.childElementCount > SPOKEN) spoken.firstElementChild.remove();
    this.following.count();
  }

  /** Show an entry that has changed. */
  change(entry) {
    this._sentences.get(entry.id).show(entry, this._nameOf(entry), this._pattern);
  }

  /** Show corrections: what is where instead of what. */
  apply(changes) {
    const list = this._parts.transcript;
    for (const { place, before, after } of changes) {
      for (const { id } of before.filter((old) => after.every((entry) => entry.id !== old.id))) {
        this._sentences.get(id).element.remove();
        this._sentences.delete(id);
      }
      after.forEach((entry, k) => {
        const sentence = this._sentences.get(entry.id);
        if (sentence === undefined) list.insertBefore(this._newItem(entry), list.children[place + k] || null);
        else this.change(entry);
      });
    }
    if (!list.contains(this._reachable)) this.reach(list.lastElementChild);
    this._parts.empty.hidden = list.childElementCount > 0;
  }

  /** The item of an entry; undefined: there is none. */
  item(id) {
    const sentence = this._sentences.get(id);
    return sentence && sentence.element;
  }

  /** Have the Tab key lead to an item. */
  reach(item) {
    if (this._reachable !== null) this._reachable.tabIndex = -1;
    if (item !== null) item.tabIndex = 0;
    this._reachable = item;
  }

  /** Show who is called what now. */
  rename(transcript) {
    for (const entry of transcript.entries) this._sentences.get(entry.id).call(entry, this._nameOf(entry));
  }

  /** Show what is being said; null: nothing. */
  overhear(interim) {
    this._parts.interim.textContent = interim === null ? '' : interim.text;
    if (interim !== null) this._parts.empty.hidden = true;
    this.following.follow();
  }

  _append(entry) {
    const item = this._newItem(entry);
    this._parts.transcript.append(item);
    if (this._reachable === null) this.reach(item);
    return item;
  }

  _newItem(entry) {
    const sentence = new Sentence();
    this._sentences.set(entry.id, sentence);
    this.change(entry);
    return sentence.element;
  }
}
