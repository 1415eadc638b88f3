/** Who speaks in the conversation, in which colour; a name can still be changed here. */

import { t } from './language.js';

/** So many colours there are. */
const COLOURS = 8;

/** What the colour of a person is told by in the style sheet. */
export function colourOf(person) {
  return String(person % COLOURS);
}

export class SpeakersView {
  /**
   * @param {Element} root a list
   * @param {People} people who keeps the names
   */
  constructor(root, people) {
    this._root = root;
    this._people = people;
    this._items = new Map(); // by person
  }

  /** Show these people, in order, with their names of now. A field that is there stays, and its focus. */
  show(persons) {
    for (const [person, item] of this._items) {
      if (persons.includes(person)) continue;
      item.remove();
      this._items.delete(person);
    }
    persons.forEach((person, place) => {
      const item = this._items.get(person) || this._newItem(person);
      if (this._root.children[place] !== item) this._root.insertBefore(item, this._root.children[place] || null);
      this._fill(item.firstChild, person);
    });
  }

  _newItem(person) {
    const item = document.createElement('li');
    const field = document.createElement('input');
    item.dataset.speaker = colourOf(person);
    item.dataset.number = String(person + 1);
    field.type = 'text';
    field.maxLength = 24;
    field.autocomplete = 'off';
    field.spellcheck = false;
    field.addEventListener('input', () => this._people.rename(person, field.value));
    field.addEventListener('change', () => this._people.tell(person));
    item.append(field);
    this._items.set(person, item);
    return item;
  }

  _fill(field, person) {
    const givenName = this._people.givenNameOf(person);
    if (field.value !== givenName) field.value = givenName;
    field.placeholder = this._people.numberOf(person);
    field.setAttribute('aria-label', `${t('voice.name')}: ${this._people.nameOf(person)}`);
  }
}
