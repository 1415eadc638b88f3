/** Has another session take over from one that is gone, or that has lasted as long as it may. */

export class Takeover {
  /**
   * @param {Link} link
   * @param {Belongings} belongings what the other session needs
   * @param {boolean} isWanted whether another session may take over at all
   * @param {{done: function(object), lost: function()}} handlers `done(welcome)`: the session has all
   *   voices; `lost()`: it begins without them
   */
  constructor(link, belongings, isWanted, handlers) {
    this._link = link;
    this._belongings = belongings;
    this._isWanted = isWanted;
    this._handlers = handlers;
    this.drop();
  }

  /** Give up: the session is gone, too. */
  drop() {
    this._welcome = null;
    this._left = 0; // voices without an answer
    this._restored = []; // whose voice the session has
  }

  /** Whether a session is being prepared: all that comes is about that. */
  get isRunning() {
    return this._welcome !== null;
  }

  /** Another session has begun: bring the voices to its server. */
  begin(welcome) {
    if (!this._isWanted || !this._belongings.areComplete) {
      this._lose();
      return;
    }
    const { sharings, restorations } = this._belongings;
    this._welcome = welcome;
    this._left = restorations.length;
    // First the link: who reads along sees no more of the session that is left.
    [...sharings, ...restorations].forEach((message) => this._link.send(message));
    if (restorations.length === 0) this._settle();
  }

  /** Take a message of the session that is being prepared. */
  take({ type, speaker_id: id }) {
    const isRestored = type === 'speaker_registration_completed';
    if (isRestored) this._restored.push(id);
    if (isRestored || (type === 'error' && this._belongings.mayLack(id))) {
      if (--this._left === 0) this._settle();
      return;
    }
    if (type !== 'error') return;
    this.drop();
    if (this._link.isAlone) this._lose();
    else this._link.leave();
  }

  /** The session is about to end, or does. Half of what is left is for a server that takes its time. */
  renewBefore({ type, seconds_left: secondsLeft }) {
    if (type === 'limit_warning') this._link.renewIn(secondsLeft / 2);
    else this._link.renew();
  }

  _settle() {
    this._belongings.keepFound(this._restored);
    const welcome = { ...this._welcome, speaker_ids: this._belongings.speakerIds };
    this.drop();
    this._link.settle();
    this._belongings.namings.forEach((message) => this._link.send(message));
    this._handlers.done(welcome);
  }

  _lose() {
    this._link.settle();
    this._handlers.lost();
  }
}
