/** Another conversation in place of the one that is shown, which can be brought back until it has begun. */

import { openDialog } from './dialogs.js';
import { t } from './language.js';

export class Another {
  /**
   * @param {{sure: Element, sureText: Element, again: Element, fresh: Element}} parts
   * @param {{online: Online, enrolling: Enrolling, people: People, notices: Notices}} page
   * @param {{hasText: function(): boolean, isUnsaved: function(): boolean, swap: function(?object): object}} shown
   *   `swap` shows a conversation, null: an empty one, and returns the one that was shown
   */
  constructor({ sure, sureText, again, fresh }, { online, enrolling, people, notices }, shown) {
    this._sure = sure;
    this._sureText = sureText;
    this._online = online;
    this._enrolling = enrolling;
    this._people = people;
    this._notices = notices;
    this._shown = shown;
    again.addEventListener('click', () => this._again());
    fresh.addEventListener('click', () => this._fresh());
  }

  /** Nothing can be brought back any more. */
  begin() {
    this._notices.hide('again');
  }

  /** Begin another conversation with the same people. */
  async _fresh() {
    if (this._shown.isUnsaved() && !(await this._isSure('talk.fresh.sure'))) return;
    const before = this._shown.swap(null);
    this._offer('talk.fresh.done', () => this._shown.swap(before));
  }

  /** Begin from the beginning, without text and voices. */
  async _again() {
    const hadText = this._shown.hasText();
    const sure = this._enrolling.hasKept ? 'talk.again.sure.kept' : 'talk.again.sure';
    if (hadText && !(await this._isSure(sure))) return;
    const before = this._shown.swap(null);
    const people = this._people.startOver();
    this._enrolling.drop();
    await this._online.restart();
    if (!hadText) return;
    this._offer('talk.again.done', () => {
      this._people.bringBack(people);
      this._shown.swap(before);
    });
  }

  _offer(key, bringBack) {
    this._notices.show('again', key, {}, [
      {
        key: 'talk.again.undo',
        act: () => {
          this._notices.hide('again');
          bringBack();
        },
      },
    ]);
  }

  async _isSure(key) {
    this._sureText.textContent = t(key);
    return (await openDialog(this._sure)) === 'yes';
  }
}
