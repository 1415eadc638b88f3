/**
 * Keeps the conversation in this browser, so that it survives that the page is loaded anew or crashes: until
 * the tab is closed, or, if the person wants it, until it is exported.
 */

import { dateOf, timeOf } from './formats.js';
import { languageNow, say } from './language.js';
import { KEPT_DAYS, Vault } from './vault.js';

const DAY_MS = 24 * 3600 * 1000;

export class Keeping {
  /**
   * @param {{keep: HTMLInputElement, keepHint: Element}} parts
   * @param {Notices} notices
   * @param {{state: function(): ?object, restore: function(object)}} page what is to be kept, as JSON; null: nothing
   */
  constructor({ keep, keepHint }, notices, page) {
    this._keep = keep;
    this._hint = keepHint;
    this._notices = notices;
    this._page = page;
    this._vault = null;
    keep.addEventListener('change', () => this.save());
  }

  /** Whether the conversation outlasts the tab. */
  get outlasts() {
    return this._vault !== null && this._keep.checked;
  }

  /** Show what this tab has kept, and offer what others have left; resolves when the page may go on. */
  async begin() {
    const vault = await Vault.open();
    if (vault === null) return;
    this._keep.parentElement.hidden = false;
    const state = await vault.read().catch(() => null); // of another version of the page, perhaps
    this._vault = vault;
    if (state !== null) this._restore(state);
    await this._offer();
  }

  /** Something has changed. */
  save() {
    if (this._vault === null) return;
    const state = this._page.state();
    const { checked } = this._keep;
    this._vault.write(state === null ? null : { ...state, outlasts: checked }, checked);
    const date = dateOf(new Date(Date.now() + KEPT_DAYS * DAY_MS), languageNow());
    say(this._hint, checked ? 'keep.until' : 'keep.hint', { date });
  }

  /** The person has it in a file: nothing is kept, until something changes. */
  wipe() {
    if (this._vault === null) return;
    this._keep.checked = false;
    say(this._hint, 'keep.hint');
    this._vault.write(null);
  }

  _restore(state) {
    this._keep.checked = state.outlasts;
    this._page.restore(state);
    this.save();
  }

  /** Offer the newest conversation that another tab has left. What it is about is not shown to whoever comes by. */
  async _offer() {
    const [newest] = await this._vault.left();
    if (newest === undefined || this._page.state() !== null) return;
    const { id, savedAt } = newest;
    const date = new Date(savedAt);
    const when = `${dateOf(date, languageNow())} ${timeOf(date).slice(0, 5)}`;
    const settle = async (take) => {
      this._notices.hide('left');
      if (take) this._restore(await this._vault.take(id));
      await this._vault.drop(id);
      await this._offer();
    };
    this._notices.show('left', 'keep.left', { when }, [
      { key: 'keep.left.open', act: () => settle(true) },
      { key: 'keep.left.delete', act: () => settle(false) },
    ]);
  }
}
