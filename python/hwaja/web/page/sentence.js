/** One sentence of the conversation, as an item of a list. */

import { timeOf } from './formats.js';
import { t } from './language.js';
import { colourOf } from './speakers-view.js';
import { isDoubtful, isStranger } from './transcript.js';

export class Sentence {
  constructor() {
    this.element = piece('li', 'utterance');
    this.element.tabIndex = -1;
    this._head = piece('p', 'said-by');
    this._speaker = piece('button', 'speaker');
    this._speaker.type = 'button';
    this._speaker.tabIndex = -1;
    this._at = piece('time', 'at');
    this._marked = piece('span', 'marked');
    this._doubt = piece('span', 'doubt');
    this._text = piece('p', 'text');
    this._note = piece('p', 'note');
    this._head.append(this._speaker, this._at, this._marked, this._doubt);
    this.element.append(this._head, this._text, this._note);
  }

  /**
   * Show an entry of the transcript.
   *
   * @param {object} entry
   * @param {string} name of who said it
   * @param {?RegExp} pattern of what is searched for
   */
  show(entry, name, pattern) {
    const { element } = this;
    element.dataset.id = entry.id;
    if (isStranger(entry)) delete element.dataset.speaker;
    else element.dataset.speaker = colourOf(entry.speakerId);
    const doubt = isDoubtful(entry) ? t(`label.${entry.label}`) : '';
    if (doubt !== '') element.dataset.doubt = entry.label;
    else delete element.dataset.doubt;
    this._at.dateTime = entry.timestamp;
    write(this._at, timeOf(new Date(entry.timestamp)));
    write(this._doubt, doubt);
    write(this._marked, entry.isMarked ? `★ ${t('correct.marked')}` : '');
    highlight(this._text, entry.text, pattern);
    highlight(this._note, entry.note, pattern);
    this.call(entry, name);
  }

  /** Show what who said it is called. */
  call(entry, name) {
    write(this._speaker, name);
    this._speaker.title = t('correct.speaker.next');
    this.element.setAttribute('aria-label', `${name}: ${entry.text}`);
  }
}

/** Return an element with a class and a text. */
export function piece(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Write a text, and hide where there is none. What stays the same is not touched. */
function write(element, text) {
  element.hidden = text === '';
  if (element.textContent !== text) element.textContent = text;
}

function highlight(element, text, pattern) {
  write(element, text);
  if (pattern === null) {
    if (element.firstElementChild !== null) element.textContent = text;
    return;
  }
  // What is found stands at the odd places.
  const parts = text.split(pattern).map((part, place) => (place % 2 === 1 ? piece('mark', '', part) : part));
  element.textContent = '';
  element.append(...parts);
}
