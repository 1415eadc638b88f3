/** The page scrolls to the newest sentence, until the reader scrolls up or works on an older one. */

import { t } from './language.js';

/** Nearer to the end than this, a line, is at the end. */
const END_PIXELS = 32;

export class Following {
  /**
   * @param {{end: Element, controls: Element, latest: HTMLButtonElement}} parts `end` is behind the newest
   *   sentence, `controls` cover the bottom of the window where they are sticky, `latest` leads to the end
   */
  constructor({ end, controls, latest }) {
    this._end = end;
    this._controls = controls;
    this._latest = latest;
    this._goesOn = false; // the conversation does
    this._isAtEnd = true; // the reader is; who scrolled up is left where they read
    this._held = null; // the sentence that somebody works on
    this._newSentences = 0; // since the page last was at the end
    latest.addEventListener('click', () => this.jump());
    window.addEventListener('scroll', () => this._notice());
    window.addEventListener('resize', () => this.follow());
  }

  /** The conversation goes on: show its end. */
  begin() {
    this._goesOn = true;
    this.jump();
  }

  /** Nothing is being said any more. */
  end() {
    this._goesOn = false;
    this._show();
  }

  /** Have the page stay at a sentence while somebody works on it; null: it may follow again. */
  hold(item) {
    this._held = item;
    this.follow();
  }

  /** One sentence more is there. */
  count() {
    this._newSentences += 1;
    this.follow();
  }

  /** Go to the end, from above it or below, and follow from there. */
  jump() {
    this._isAtEnd = true;
    this._held = null;
    if (this._goesOn) window.scrollBy(0, this._pixelsToEnd());
    this.follow();
  }

  /** Show the newest sentence if the reader is at the end. */
  follow() {
    if (this._goesOn && this._isAtEnd && this._held === null) {
      this._newSentences = 0;
      const pixels = this._pixelsToEnd();
      if (pixels > 0) window.scrollBy(0, pixels);
    }
    this._show();
  }

  _notice() {
    this._isAtEnd = this._pixelsToEnd() <= END_PIXELS;
    if (this._isAtEnd) {
      this._newSentences = 0;
      // Who went to the end has left it.
      if (this._held !== null && this._held.getBoundingClientRect().bottom < 0) this._held = null;
    }
    this._show();
  }

  /** How far the end is below what is seen; negative: it is above. */
  _pixelsToEnd() {
    const isCovered = getComputedStyle(this._controls).position === 'sticky';
    const covered = isCovered ? this._controls.offsetHeight : 0;
    return Math.ceil(this._end.getBoundingClientRect().bottom + covered - window.innerHeight);
  }

  _show() {
    const isBehind = !this._isAtEnd || this._newSentences > 0;
    this._latest.hidden = !this._goesOn || !isBehind;
    const count = this._newSentences;
    const text = count > 0 ? t('talk.latest.new', { count }) : t('talk.latest');
    if (this._latest.textContent !== text) this._latest.textContent = text;
  }
}
