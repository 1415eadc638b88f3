/** The microphone of the page: asking for it, choosing one, and saying what is wrong with it. */

import { Emitter } from '../client/emitter.js';
import { enable } from './ability.js';
import { adviceOn } from './advice.js';
import { t } from './language.js';

/** Events: `chunk` and `level` of the microphone, `opened`, `failed`, `problem` where it may be another. */
export class Listening extends Emitter {
  constructor(microphone, { allow, choice, device }) {
    super();
    this._microphone = microphone;
    this._parts = { allow, choice, device };
    this._devices = [];
    this._error = null; // why it is not open
    this._cause = null; // why no sound arrives
    this._attempts = 0; // to open it
    /** Whether the microphone is open. */
    this.isOpen = false;
    allow.addEventListener('click', () => this.open());
    device.addEventListener('change', () => this.open());
    microphone.on('chunk', (chunk) => this.emit('chunk', chunk));
    microphone.on('level', (level) => this.emit('level', level));
    microphone.on('sound', ({ cause }) => this._update({ cause }));
    microphone.on('ended', (error) => this._fail(error));
  }

  /** Ask for the microphone that is chosen; resolves with whether it is open. */
  async open() {
    const { allow, device } = this._parts;
    const attempt = ++this._attempts;
    enable(allow, false);
    try {
      await this._microphone.open(device.value === '' ? {} : { deviceId: device.value });
      this._devices = await this._microphone.devices();
      this._show(true);
      this._update({ error: null });
      this.emit('opened');
    } catch (error) {
      // One that was overtaken by another says nothing of that.
      if (attempt === this._attempts) this._fail(error);
    }
    enable(allow, true);
    return this.isOpen;
  }

  /** What keeps sound from arriving, as `{text, action}` with keys of the strings; null: nothing. */
  get problem() {
    if (this._error !== null) return { text: adviceOn(this._error), action: 'microphone.allow' };
    if (this._cause === null) return null;
    const action = this._cause === 'suspended' ? 'notice.resume' : 'microphone.reopen';
    return { text: `sound.${this._cause}`, action };
  }

  /** Try what helps; call it from a click. */
  retry() {
    if (this._error === null && this._cause === 'suspended') this._microphone.resume();
    else this.open();
  }

  /** Go on where the browser held the sound back; without a click, some browsers do not. */
  resume() {
    if (this._cause === 'suspended') this._microphone.resume();
  }

  /** Microphones came or went. Where the open one went, another one goes on. */
  async refresh() {
    const wasUnplugged = this._error !== null && this._error.reason === 'ended';
    if (!this.isOpen && !wasUnplugged) return;
    this._devices = await this._microphone.devices();
    this._list();
    if (wasUnplugged && this._devices.length > 0) await this.open();
  }

  translate() {
    this._list();
  }

  _fail(error) {
    this._show(false);
    this._update({ error });
    this.emit('failed');
  }

  _update({ error = this._error, cause = this._cause }) {
    this._error = error;
    this._cause = cause;
    this.emit('problem');
  }

  _show(isOpen) {
    const { allow, choice, device } = this._parts;
    const hadFocus = [allow, device].includes(document.activeElement);
    this.isOpen = isOpen;
    allow.hidden = isOpen;
    choice.hidden = !isOpen;
    this._list();
    if (hadFocus) (isOpen ? device : allow).focus();
  }

  _list() {
    const { device } = this._parts;
    // What was chosen here, unless the browser's own question named another.
    const chosen = this._microphone.deviceId || device.value;
    device.textContent = '';
    this._devices.forEach(({ deviceId, label }, place) => {
      const name = label || t('microphone.unnamed', { number: place + 1 });
      device.append(new Option(name, deviceId, false, deviceId === chosen));
    });
  }
}
