/** What a person corrects in a transcript, takes back and does again. No document. */

import { isStranger, later } from './transcript.js';

/**
 * Each correction is a list of changes, and each change puts the entries `after` in the place of the entries
 * `before`; taking it back puts `before` in the place of `after`. The places hold although the server goes
 * on: it adds entries only behind all others, and corrections are taken back in the order of a stack. Who
 * said an entry is no part of it, unless a person has set that: see Transcript.
 *
 * Each method returns what has changed, as a list of `{place, before, after}`; null: nothing.
 */
export class Corrections {
  constructor(transcript) {
    this._transcript = transcript;
    this._done = [];
    this._undone = [];
    this._splits = 0; // counts
  }

  get canUndo() {
    return this._done.length > 0;
  }

  get canRedo() {
    return this._undone.length > 0;
  }

  /** Have an entry say something else; an empty text takes the entry away. */
  rewrite(id, text) {
    const written = tidy(text);
    const { place, entry } = this._find(id);
    if (written === entry.text) return null;
    return this._do([change(place, [entry], written === '' ? [] : [{ ...entry, text: written }])]);
  }

  /** Make two entries of one; the times are divided like the characters. */
  split(id, firstText, secondText) {
    const [first, second] = [tidy(firstText), tidy(secondText)];
    if (first === '' || second === '') return this.rewrite(id, first + second);
    const { place, entry } = this._find(id);
    const share = first.length / (first.length + second.length);
    const lastedSeconds = share * (entry.endSeconds - entry.startSeconds);
    const midSeconds = entry.startSeconds + lastedSeconds;
    // One that was split before the page was loaded anew has its number.
    do this._splits += 1;
    while (this._find(`${entry.segment}/${this._splits}`).place >= 0);
    const behind = {
      ...entry,
      id: `${entry.segment}/${this._splits}`,
      text: second,
      startSeconds: midSeconds,
      timestamp: later(entry.timestamp, Math.round(1000 * lastedSeconds)),
      isMarked: false,
      note: '',
    };
    return this._do([change(place, [entry], [{ ...entry, text: first, endSeconds: midSeconds }, behind])]);
  }

  /** Make one entry of this one and the one before it, which says who spoke. */
  merge(id) {
    const { place, entry } = this._find(id);
    if (place === 0) return null;
    const first = this._transcript.entries[place - 1];
    const merged = {
      ...first,
      text: joined(first.text, entry.text),
      heard: joined(first.heard, entry.heard),
      endSeconds: Math.max(first.endSeconds, entry.endSeconds),
      isMarked: first.isMarked || entry.isMarked,
      note: joined(first.note, entry.note),
    };
    return this._do([change(place - 1, [first, entry], [merged])]);
  }

  /**
   * Set who said an entry.
   *
   * @param {string} id
   * @param {?number} person null: nobody who is known
   * @param {boolean} goesOn whether also what the same speaker says in the entries that follow
   */
  assign(id, person, goesOn = false) {
    const { place, entry } = this._find(id);
    const { entries } = this._transcript;
    const meant = (other, k) => k === place || (goesOn && k > place && hasSameSpeaker(other, entry));
    const isSet = (other) => other.person === person;
    return this._do(
      entries.flatMap((other, k) =>
        meant(other, k) && !isSet(other) ? [change(k, [other], [{ ...other, person }])] : []
      )
    );
  }

  /** Mark an entry as important, or take the mark away. */
  mark(id) {
    const { place, entry } = this._find(id);
    return this._do([change(place, [entry], [{ ...entry, isMarked: !entry.isMarked }])]);
  }

  /** Write a note to an entry; an empty one takes it away. */
  annotate(id, note) {
    const { place, entry } = this._find(id);
    if (tidy(note) === entry.note) return null;
    return this._do([change(place, [entry], [{ ...entry, note: tidy(note) }])]);
  }

  /** Take the last correction back. */
  undo() {
    if (!this.canUndo) return null;
    const changes = this._done.pop();
    this._undone.push(changes);
    return this._apply(changes.map(({ place, before, after }) => change(place, after, before)).reverse());
  }

  /** Do again what was taken back last. */
  redo() {
    if (!this.canRedo) return null;
    const changes = this._undone.pop();
    this._done.push(changes);
    return this._apply(changes);
  }

  _find(id) {
    const place = this._transcript.entries.findIndex((entry) => entry.id === id);
    return { place, entry: this._transcript.entries[place] };
  }

  _do(changes) {
    if (changes.length === 0) return null;
    this._done.push(changes);
    this._undone = [];
    return this._apply(changes);
  }

  _apply(changes) {
    return changes.map(({ place, before, after }) =>
      change(place, before, this._transcript.replace(place, before.length, after))
    );
  }
}

function change(place, before, after) {
  return { place, before, after };
}

function hasSameSpeaker(one, other) {
  if (isStranger(one) || isStranger(other)) return isStranger(one) && isStranger(other);
  return one.speakerId === other.speakerId;
}

/** A text in one line, with the letters of Korean composed. */
function tidy(text) {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim();
}

function joined(first, second) {
  return tidy(`${first} ${second}`);
}
