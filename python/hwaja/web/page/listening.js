/** The microphone of the page: asking for it, choosing one, and saying when it is gone. */

import { Emitter } from '../client/emitter.js';
import { enable } from './ability.js';
import { t } from './language.js';

/** Events: `chunk` and `level` of the microphone, `opened`, `suspended`, `failed` with the error. */
export class Listening extends Emitter {
  constructor(microphone, { allow, choice, device }) {
    super();
    this._microphone = microphone;
    this._parts = { allow, choice, device };
    this._devices = [];
    /** Whether the microphone is heard. */
    this.isOpen = false;
    allow.addEventListener('click', () => this.open());
    device.addEventListener('change', () => this.open());
    microphone.on('chunk', (chunk) => this.emit('chunk', chunk));
    microphone.on('level', (level) => this.emit('level', level));
    microphone.on('state', (state) => this._follow(state));
    microphone.on('ended', (error) => this._fail(error));
  }

  /** Ask for the microphone that is chosen; resolves with whether it is heard. */
  async open() {
    const { allow, device } = this._parts;
    enable(allow, false);
    try {
      await this._microphone.open(device.value === '' ? {} : { deviceId: device.value });
      this._devices = await this._microphone.devices();
      this._show(true);
      this.emit('opened');
    } catch (error) {
      this._fail(error);
    }
    enable(allow, true);
    return this.isOpen;
  }

  /** Go on after the browser has stopped the sound. */
  resume() {
    return this._microphone.resume();
  }

  translate() {
    this._list();
  }

  _follow(state) {
    if (this.isOpen && (state === 'suspended' || state === 'interrupted')) this.emit('suspended');
  }

  _fail(error) {
    this._show(false);
    this.emit('failed', error);
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
    const chosen = device.value;
    device.textContent = '';
    this._devices.forEach(({ deviceId, label }, place) => {
      const name = label || t('microphone.unnamed', { number: place + 1 });
      device.append(new Option(name, deviceId, false, deviceId === chosen));
    });
  }
}
