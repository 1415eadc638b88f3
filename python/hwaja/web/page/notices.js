/** What the page must tell a person, with what to do about it. One of a kind at a time. */

import { say } from './language.js';

export class Notices {
  constructor(root) {
    this._root = root;
  }

  /**
   * Show a notice, instead of the last one of its kind.
   *
   * @param {string} kind
   * @param {string} key of its text
   * @param {object} [values] for its text
   * @param {{key: string, act: function}} [action] a button; the notice goes when it is pressed
   */
  show(kind, key, values = {}, action = null) {
    this.hide(kind);
    const notice = document.createElement('p');
    notice.className = 'notice';
    notice.dataset.kind = kind;
    const text = document.createElement('span');
    say(text, key, values);
    notice.append(text);
    if (action !== null) notice.append(this._button(kind, action.key, action.act));
    notice.append(this._button(kind, 'notice.close', () => {}));
    this._root.append(notice);
  }

  /**
   * Ask for something secret.
   *
   * @param {string} kind
   * @param {string} labelKey of what is asked for
   * @param {string} sendKey of the button
   * @param {function(string)} answer told what was entered
   */
  ask(kind, labelKey, sendKey, answer) {
    this.hide(kind);
    const form = document.createElement('form');
    form.className = 'notice';
    form.dataset.kind = kind;
    const label = document.createElement('label');
    const text = document.createElement('span');
    const secret = document.createElement('input');
    const send = document.createElement('button');
    secret.type = 'password';
    secret.autocomplete = 'off';
    secret.required = true;
    say(text, labelKey);
    say(send, sendKey);
    label.append(text, secret);
    form.append(label, send);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.hide(kind);
      answer(secret.value.trim());
    });
    this._root.append(form);
    secret.focus();
  }

  /** Take the notice of a kind back. */
  hide(kind) {
    for (const notice of this._root.querySelectorAll(`[data-kind="${kind}"]`)) notice.remove();
  }

  _button(kind, key, act) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    say(button, key);
    button.addEventListener('click', () => {
      this.hide(kind);
      act();
    });
    return button;
  }
}
