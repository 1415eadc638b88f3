/** Telling the server the words and names that were corrected, if the person says so. */

import { adviceOn } from './advice.js';
import { t } from './language.js';
import { learnedWords } from './learned-words.js';

export class Learning {
  /**
   * @param {{learning: Element, learn: HTMLInputElement, learned: Element}} parts
   * @param {Online} online
   * @param {Notices} notices
   * @param {function(): {entries: object[], names: string[]}} known what can be learned from
   */
  constructor(parts, online, notices, known) {
    this._parts = parts;
    this._online = online;
    this._notices = notices;
    this._known = known;
    this._told = ''; // the words of now
    parts.learn.addEventListener('change', () => this.update());
  }

  /** Tell the words of now, where they are others than before. */
  update() {
    const { learning, learn, learned } = this._parts;
    learning.hidden = !this._online.takesHotwords;
    const { entries, names } = this._known();
    const words = learn.checked ? learnedWords(entries, names) : [];
    const key = words.length > 0 ? 'learn.words' : 'learn.none';
    learned.textContent = learn.checked ? t(key, { words: words.join(', ') }) : '';
    if (words.join() === this._told) return;
    this._told = words.join();
    this._tell(words);
  }

  /** Stop it, and say why, where the server does not take the words. */
  refuse(error) {
    if (error.reason !== 'hotword_unknown' && error.reason !== 'hotwords_unsupported') return;
    this._parts.learn.checked = false;
    this._notices.show('talk', adviceOn(error));
    this.update();
  }

  async _tell(words) {
    try {
      await this._online.learn(words);
    } catch (error) {
      this.refuse(error);
    }
  }
}
