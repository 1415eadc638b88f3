/** What interrupts a microphone on a phone: a call, another app, a locked screen, a headset that is pulled. */

/** Levels come every 50 ms; so long without one is a gap that a person should know of. */
const GAP_SECONDS = 3;

/** While the connection is away, what is said is kept, and transcribed later. */
const TALKING = ['transcribing', 'reconnecting'];

export class Interruptions {
  /**
   * @param {Document} page
   * @param {?MediaDevices} devices the browser's; null where it has none
   * @param {{listening: Listening, online: Online, notices: Notices}} parts
   * @param {function(): number} now in seconds, of a clock that only goes on
   */
  constructor(page, devices, { listening, online, notices }, now = () => performance.now() / 1000) {
    this._online = online;
    this._notices = notices;
    this._now = now;
    this._heardAt = null; // the last level of this transcription
    page.addEventListener('visibilitychange', () => {
      // Most phones hold the sound back while another app is seen.
      if (page.visibilityState === 'visible') listening.resume();
    });
    if (devices) devices.addEventListener('devicechange', () => listening.refresh());
    listening.on('level', () => this._hear());
    online.on('state', (state) => {
      if (state === 'ready') this._heardAt = null;
    });
  }

  _hear() {
    if (!TALKING.includes(this._online.state)) return;
    const before = this._heardAt;
    this._heardAt = this._now();
    if (before === null || this._heardAt - before < GAP_SECONDS) return;
    this._notices.show('gap', 'notice.gap', { seconds: Math.round(this._heardAt - before) });
  }
}
