/** A bar for the level of the microphone. */

/** What is quieter shows as nothing; the loudest is full scale. */
const LEAST_DBFS = -60;

/** Levels come every 50 ms: the last one is not to stand there where none follows. */
const STALE_MS = 500;

export class Meter {
  constructor(canvas) {
    this._canvas = canvas;
    this._level = null;
    this._isDrawn = true;
    this._fading = 0; // a timer
  }

  /** Show a level; null: nothing is heard. */
  show(level) {
    this._level = level;
    clearTimeout(this._fading);
    if (level !== null) this._fading = setTimeout(() => this.show(null), STALE_MS);
    if (!this._isDrawn) return;
    this._isDrawn = false;
    requestAnimationFrame(() => this._draw());
  }

  _draw() {
    this._isDrawn = true;
    const { width, height } = this._canvas;
    const pen = this._canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    if (this._level === null) return;
    pen.fillStyle = getComputedStyle(this._canvas).color;
    pen.fillRect(0, 0, width * share(this._level.rmsDbfs), height);
    pen.fillRect(Math.round((width - 2) * share(this._level.peakDbfs)), 0, 2, height);
  }
}

function share(dbfs) {
  return Math.min(1, Math.max(0, 1 - dbfs / LEAST_DBFS));
}
