/** A field that stands in the place of a text while somebody edits it. */

import { t } from './language.js';

export class Editor {
  /** @param {Element} root with a `textarea` and buttons that say what they do in `data-do` */
  constructor(root) {
    this._root = root;
    this._field = root.querySelector('textarea');
    this._split = root.querySelector('[data-do=split]');
    this._done = null; // who is told of the end; null: nothing is being edited
    this._field.addEventListener('input', () => this._grow());
    window.addEventListener('resize', () => this._grow());
    this._field.addEventListener('keydown', (event) => this._press(event));
    // A button must not end the editing by taking the focus.
    root.addEventListener('mousedown', (event) => {
      if (event.target !== this._field) event.preventDefault();
    });
    root.addEventListener('click', (event) => {
      const button = event.target.closest('[data-do]');
      if (button !== null) this._end(button.dataset.do);
    });
    root.addEventListener('focusout', (event) => {
      // Another window is no decision.
      if (!root.contains(event.relatedTarget) && document.hasFocus()) this._end('save');
    });
  }

  /**
   * Edit a text.
   *
   * @param {Element} place the field is shown behind it
   * @param {{text: string, label: string, canSplit: boolean}} options
   * @param {function(?string[], boolean)} done told the texts, two where it was split, null where nothing is
   *   to change; and whether the keyboard or a button has ended it
   */
  open(place, { text, label, canSplit }, done) {
    this._done = done;
    this._split.hidden = !canSplit;
    this._root.hidden = false;
    place.after(this._root);
    this._field.setAttribute('aria-label', t(label));
    this._field.value = text;
    this._grow();
    this._field.focus();
    this._field.setSelectionRange(text.length, text.length);
  }

  /** Take over what is being edited. */
  close() {
    this._end('save');
  }

  _press(event) {
    // A letter that is being composed is taken over by Enter and given up by Escape; Safari says it by the code.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter') this._end(event.ctrlKey || event.metaKey ? 'split' : 'save');
    else if (event.key === 'Escape') this._end('cancel');
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  _end(how) {
    if (this._done === null) return;
    const done = this._done;
    const hasFocus = this._root.contains(document.activeElement);
    this._done = null;
    this._root.hidden = true;
    done(this._texts(how), hasFocus);
  }

  _texts(how) {
    if (how === 'cancel') return null;
    const { value, selectionStart } = this._field;
    if (how !== 'split' || this._split.hidden) return [value];
    return [value.slice(0, selectionStart), value.slice(selectionStart)];
  }

  _grow() {
    this._field.style.height = 'auto';
    this._field.style.height = `${this._field.scrollHeight + 2}px`;
  }
}
