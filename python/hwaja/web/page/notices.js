/**
 * What the page must tell a person, with what to do about it. One of a kind at a time; each stays for as
 * long as what it says is so, or until the person closes it.
 */

import { say } from './language.js';

export class Notices {
  constructor(root) {
    this._root = root;
  }

  /**
   * Show a notice, instead of the last one of its kind; one that says the same stays as it is.
   *
   * @param {string} kind
   * @param {string} key of its text
   * @param {object} [values] for its text
   * @param {{key: string, act: function}[]} [actions] a button each
   */
  show(kind, key, values = {}, actions = []) {
    const text = document.createElement('span');
    say(text, key, values);
    const [shown] = this._of(kind);
    if (shown !== undefined && shown.firstChild.isEqualNode(text)) return;
    this.hide(kind);
    const notice = document.createElement('p');
    notice.className = 'notice';
    notice.dataset.kind = kind;
    notice.append(text);
    for (const { key: label, act } of actions) notice.append(button(label, act));
    notice.append(button('notice.close', () => this.hide(kind)));
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
    for (const notice of this._of(kind)) notice.remove();
  }

  _of(kind) {
    return this._root.querySelectorAll(`[data-kind="${kind}"]`);
  }
}

function button(key, act) {
  const pressed = document.createElement('button');
  pressed.className = 'quiet';
  say(pressed, key);
  pressed.addEventListener('click', act);
  return pressed;
}
