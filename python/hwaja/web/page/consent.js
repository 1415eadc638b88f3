/** What people agree to before their voices are recorded or told apart. */

import { Emitter } from '../client/emitter.js';
import { t } from './language.js';

/** Events: `changed`, where they have agreed, or agree no more. */
export class Consent extends Emitter {
  /**
   * @param {{consent: HTMLInputElement, consentText: Element}} parts
   * @param {Online} online
   */
  constructor({ consent, consentText }, online) {
    super();
    this._box = consent;
    this._text = consentText;
    this._operators = null; // the text of the operator
    consent.addEventListener('change', () => this.emit('changed'));
    online.on('consent', (text) => {
      this._operators = text;
      this.translate();
    });
  }

  /** Whether they have agreed. */
  get isGiven() {
    return this._box.checked;
  }

  /** Other people will speak. */
  withdraw() {
    this._box.checked = false;
    this.emit('changed');
  }

  translate() {
    this._text.textContent = this._operators === null ? t('consent.text') : this._operators;
  }
}
