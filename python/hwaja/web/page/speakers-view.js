/** Who speaks in the conversation, in which colour; a name can still be changed here. */

import { t } from './language.js';

export class SpeakersView {
  /**
   * @param {Element} root a list
   * @param {VoiceCard[]} cards who keep the names
   */
  constructor(root, cards) {
    this._cards = cards;
    this._fields = cards.map((card) => {
      const item = document.createElement('li');
      const field = document.createElement('input');
      item.dataset.speaker = String(card.speakerId);
      field.type = 'text';
      field.maxLength = 24;
      field.autocomplete = 'off';
      field.spellcheck = false;
      field.addEventListener('input', () => card.rename(field.value));
      item.append(field);
      root.append(item);
      return field;
    });
  }

  /** Show the names of now. */
  show() {
    this._cards.forEach((card, place) => {
      const field = this._fields[place];
      field.value = card.givenName;
      field.placeholder = t('voice.default', { number: card.speakerId + 1 });
      field.setAttribute('aria-label', `${t('voice.name')}: ${card.name}`);
    });
  }
}
