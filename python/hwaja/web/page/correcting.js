/** Correcting the transcript: one sentence is selected, and tools, keys and an editor work on it. */

import { Emitter } from '../client/emitter.js';
import { enable } from './ability.js';
import { Corrections } from './corrections.js';
import { Editor } from './editor.js';
import { piece } from './sentence.js';
import { colourOf } from './speakers-view.js';
import { isStranger } from './transcript.js';

/** So many persons have a digit on the keyboard; 0 is nobody who is known. */
const DIGITS = 9;

/** Events: `changed`, where the transcript is another; `wanted`, with what a key asks for: `search`, `help`. */
export class Correcting extends Emitter {
  /**
   * @param {object} parts elements: `transcript`, `tools`, `persons`, `onward`, `editor`, `undo`, `redo`, `log`
   * @param {ConversationView} view
   * @param {{persons: function(): number[], nameOf: function(?number): string}} people who may have said
   *   something; null: nobody who is known
   */
  constructor(parts, view, people) {
    super();
    this._parts = parts;
    this._view = view;
    this._people = people;
    this._editor = new Editor(parts.editor);
    this._selected = null; // the id of an entry
    this._isPointing = false; // a button of the mouse is down
    this._acts = {
      edit: () => this._edit(),
      note: () => this._annotate(),
      mark: () => this._do(this._corrections.mark(this._selected)),
      merge: () => this._do(this._corrections.merge(this._selected)),
    };
    this._keys = {
      Enter: this._acts.edit,
      F2: this._acts.edit,
      KeyM: this._acts.mark,
      KeyN: this._acts.note,
      KeyJ: this._acts.merge,
      ArrowUp: () => this._go((place) => place - 1),
      ArrowDown: () => this._go((place) => place + 1),
      Home: () => this._go(() => 0),
      End: () => this._go(() => this._transcript.entries.length - 1),
      Escape: () => this._leave(),
      '/': () => this.emit('wanted', 'search'),
      '?': () => this.emit('wanted', 'help'),
    };
    this._listen();
  }

  /** Correct another transcript from now on. */
  begin(transcript) {
    this.deselect();
    this._transcript = transcript;
    this._corrections = new Corrections(transcript);
    this.show();
  }

  /** Show what can be done now, in the language of now. */
  show() {
    enable(this._parts.undo, this._corrections.canUndo);
    enable(this._parts.redo, this._corrections.canRedo);
    if (this._selected !== null) this._showTools();
  }

  /** Select a sentence and bring it into view, to a `block` of `scrollIntoView`; the page then stays there. */
  select(id, { focus = true, block = 'nearest' } = {}) {
    const item = this._view.item(id);
    const top = item.getBoundingClientRect().top;
    const { tools, onward } = this._parts;
    this._unmark();
    this._selected = id;
    item.dataset.selected = '';
    tools.hidden = false;
    if (tools.parentElement !== item) {
      onward.checked = false;
      item.append(tools);
    }
    this._showTools();
    this._view.following.hold(item);
    this._view.reach(item);
    // The tools of the last one are gone: what was clicked is to stay under the pointer.
    window.scrollBy(0, item.getBoundingClientRect().top - top);
    if (focus) item.focus({ preventScroll: true });
    item.scrollIntoView({ block });
  }

  /** Select none; the page may follow again. */
  deselect() {
    this._editor.close();
    this._unmark();
    this._selected = null;
    this._parts.tools.hidden = true;
    this._view.following.hold(null);
  }

  _listen() {
    const { transcript, tools, undo, redo, latest } = this._parts;
    transcript.addEventListener('keydown', (event) => this._press(event));
    transcript.addEventListener('mousedown', () => (this._isPointing = true));
    document.addEventListener('mouseup', () => (this._isPointing = false));
    transcript.addEventListener('focusin', ({ target }) => {
      const isOther = target.matches('li') && target.dataset.id !== this._selected;
      // A click selects when it is over: nothing may move while the button is down.
      if (isOther && !this._isPointing) this.select(target.dataset.id);
    });
    transcript.addEventListener('click', (event) => this._click(event));
    tools.addEventListener('click', ({ target }) => {
      const button = target.closest('[data-act]');
      if (button !== null) this._acts[button.dataset.act]();
    });
    undo.addEventListener('click', () => this._takeBack(this._corrections.undo()));
    redo.addEventListener('click', () => this._takeBack(this._corrections.redo()));
    latest.addEventListener('click', () => this.deselect());
    document.addEventListener('keydown', (event) => this._pressAnywhere(event));
  }

  _click({ target }) {
    const item = target.closest('li');
    if (item === null || this._parts.tools.contains(target) || this._parts.editor.contains(target)) return;
    if (!window.getSelection().isCollapsed) return; // a text is being copied
    const { id } = item.dataset;
    const wasSelected = id === this._selected;
    if (target.closest('.speaker') !== null) {
      this.select(id);
      this._assignNext();
    } else if (wasSelected && target.closest('.text') !== null) this._edit();
    else if (wasSelected && target.closest('.note') !== null) this._annotate();
    else this.select(id);
  }

  _press(event) {
    if (!event.target.matches('li') || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.dataset.id !== this._selected) this.select(event.target.dataset.id);
    const [, digit] = /^(?:Digit|Numpad)(\d)$/.exec(event.code) || [];
    // Letters by their place: a Korean keyboard writes others there.
    const act = this._keys[event.key] || this._keys[event.code];
    if (digit !== undefined) this._assignDigit(Number(digit), event.shiftKey);
    else if (act !== undefined) act();
    else return;
    event.preventDefault();
  }

  _pressAnywhere(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || this._parts.undo.closest('[hidden]')) return;
    if (event.target.closest('input, textarea, select, dialog')) return;
    const undoes = event.code === 'KeyZ' && !event.shiftKey;
    const redoes = (event.code === 'KeyZ' && event.shiftKey) || (event.code === 'KeyY' && !event.shiftKey);
    if (!undoes && !redoes) return;
    event.preventDefault();
    this._takeBack(undoes ? this._corrections.undo() : this._corrections.redo());
  }

  _go(move) {
    const { entries } = this._transcript;
    const to = entries[move(this._place())];
    if (to !== undefined) this.select(to.id);
  }

  _leave() {
    this.deselect();
    this._parts.log.focus({ preventScroll: true });
  }

  _place() {
    return this._transcript.entries.findIndex(({ id }) => id === this._selected);
  }

  get _entry() {
    return this._transcript.entries[this._place()];
  }

  /** Set who comes behind who said it, as if they stood in a circle. */
  _assignNext() {
    const persons = this._people.persons();
    const said = isStranger(this._entry) ? null : this._entry.speakerId;
    const next = persons[(persons.indexOf(said) + 1) % persons.length];
    if (next !== undefined && next !== said) this._assign(next, false);
  }

  _assignDigit(digit, goesOn) {
    if (digit === 0) this._assign(null, goesOn);
    else if (this._people.persons().includes(digit - 1)) this._assign(digit - 1, goesOn);
  }

  _assign(person, goesOn) {
    this._do(this._corrections.assign(this._selected, person, goesOn));
  }

  _edit() {
    const { text } = this._entry;
    this._open('.text', { text, label: 'correct.text', canSplit: true }, (id, [first, second]) =>
      second === undefined ? this._corrections.rewrite(id, first) : this._corrections.split(id, first, second)
    );
  }

  _annotate() {
    const { note } = this._entry;
    this._open('.note', { text: note, label: 'correct.note', canSplit: false }, (id, [written]) =>
      this._corrections.annotate(id, written)
    );
  }

  _open(selector, options, take) {
    const id = this._selected;
    const item = this._view.item(id);
    item.dataset.edits = selector.slice(1);
    this._editor.open(item.querySelector(selector), options, (texts, hadFocus) => {
      delete item.dataset.edits;
      if (hadFocus) item.focus({ preventScroll: true });
      if (texts !== null) this._do(take(id, texts), hadFocus);
    });
  }

  /** Show what was corrected, and stay at the sentence. */
  _do(changes, focuses = true) {
    if (changes === null) return;
    const hadFocus = focuses && this._parts.transcript.contains(document.activeElement);
    this._view.apply(changes);
    const { entries } = this._transcript;
    const [{ place, before, after }] = changes;
    const isThere = entries.some(({ id }) => id === this._selected);
    const nearest = entries[Math.min(place, entries.length - 1)];
    // Of a sentence that is split, the second half is more often somebody else's.
    const shown = after.length > before.length ? after[after.length - 1] : isThere ? this._entry : nearest;
    if (this._selected === null || shown === undefined) this.deselect();
    else this.select(shown.id, { focus: hadFocus });
    this.show();
    this.emit('changed');
  }

  /** Show what was taken back, or done again. */
  _takeBack(changes) {
    if (changes === null) return;
    const hadFocus = this._parts.transcript.contains(document.activeElement);
    this._unmark();
    this._selected = (changes[0].after[0] || changes[0].before[0]).id;
    this._do(changes, hadFocus);
  }

  _unmark() {
    const item = this._selected === null ? undefined : this._view.item(this._selected);
    if (item !== undefined) delete item.dataset.selected;
  }

  _showTools() {
    const { tools } = this._parts;
    const entry = this._entry;
    this._showPersons(isStranger(entry) ? null : entry.speakerId);
    tools.querySelector('[data-act=mark]').setAttribute('aria-pressed', String(entry.isMarked));
    enable(tools.querySelector('[data-act=merge]'), this._place() > 0);
  }

  /** Show who may have said it, and who has; a button that is being pressed is not replaced for nothing. */
  _showPersons(said) {
    const { persons } = this._parts;
    const all = [...this._people.persons(), null];
    const shown = JSON.stringify([said, ...all.map((person) => [person, this._people.nameOf(person)])]);
    if (persons.dataset.shown === shown) return;
    const hadFocus = persons.contains(document.activeElement);
    persons.dataset.shown = shown;
    persons.textContent = '';
    for (const person of all) persons.append(this._newChip(person, person === said));
    if (hadFocus) this._view.item(this._selected).focus({ preventScroll: true });
  }

  _newChip(person, isPressed) {
    const chip = piece('button', 'person');
    chip.type = 'button';
    if (person !== null) chip.dataset.speaker = colourOf(person);
    chip.setAttribute('aria-pressed', String(isPressed));
    const digit = person === null ? 0 : person + 1;
    if (digit <= DIGITS) chip.append(piece('kbd', '', String(digit)), ' ');
    chip.append(this._people.nameOf(person));
    chip.addEventListener('click', () => this._assign(person, this._parts.onward.checked));
    return chip;
  }
}
