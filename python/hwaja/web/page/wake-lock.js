/** Keeps a telephone from going to sleep while it is wanted and the page is seen. */

export class ScreenWakeLock {
  /**
   * @param {Document} page
   * @param {WakeLock} [wakeLock] the browser's; some have none
   */
  constructor(page, wakeLock) {
    this._page = page;
    this._wakeLock = wakeLock;
    this._isWanted = false;
    this._lock = null;
    // A page that is hidden loses its lock.
    page.addEventListener('visibilitychange', () => this._ask());
  }

  /** Whether it is to stay awake from now on. */
  want(isWanted) {
    this._isWanted = isWanted;
    if (isWanted) this._ask();
    else if (this._lock !== null) this._lock.release();
  }

  async _ask() {
    if (!this._wakeLock || !this._isNeeded) return;
    try {
      this._keep(await this._wakeLock.request('screen'));
    } catch (error) {
      // Then it sleeps, as it would have anyway.
    }
  }

  /** Take a lock, unless another came first or it took too long. */
  _keep(sentinel) {
    if (!this._isNeeded) {
      sentinel.release();
      return;
    }
    this._lock = sentinel;
    sentinel.addEventListener('release', () => {
      this._lock = null;
    });
  }

  get _isNeeded() {
    return this._isWanted && this._lock === null && this._page.visibilityState === 'visible';
  }
}
