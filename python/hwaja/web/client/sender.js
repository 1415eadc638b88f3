/** Sends what is to be sent, as fast as the socket takes it. */

/** With no more audio waiting, more is asked for. */
const ROOMY_SECONDS = 2;

/** No event tells that a socket has sent what it had buffered. */
const POLL_SECONDS = 0.05;

export class Sender {
  /**
   * @param {Dialogue} dialogue what is to be sent
   * @param {Requests} requests what is to be sent beside it
   * @param {Link} link where to
   * @param {object} clock
   */
  constructor(dialogue, requests, link, clock) {
    this._dialogue = dialogue;
    this._requests = requests;
    this._link = link;
    this._clock = clock;
    this._isPolling = false;
    this._waiting = []; // for room
  }

  /** Send what can be sent now, and come back for the rest. */
  pump() {
    const { phase } = this._dialogue;
    let next;
    while (this._link.isOnline && (next = this._requests.next()) !== null) this._link.send(next);
    if (phase !== null && this._link.isOnline) {
      while ((next = phase.next(this._link.isRoomy)) !== null) this._link.send(next);
      if (phase.unsentSeconds > 0) this._pumpLater();
    }
    this._link.watch(phase !== null && phase.isWaiting);
    if (this._isRoomy) this._waiting.splice(0).forEach((resolve) => resolve());
  }

  /** Wait until more audio is welcome, or none is wanted any more. */
  async room() {
    if (!this._isRoomy) await new Promise((resolve) => this._waiting.push(resolve));
  }

  get _isRoomy() {
    const { phase } = this._dialogue;
    return phase === null || phase.unsentSeconds <= ROOMY_SECONDS;
  }

  _pumpLater() {
    if (this._isPolling) return;
    this._isPolling = true;
    this._clock.after(POLL_SECONDS, () => {
      this._isPolling = false;
      this.pump();
    });
  }
}
