/** The microphone of a browser, as chunks of PCM16 at 16 kHz. */

import { openCaptureNode } from './capture-node.js';
import { CLOCK } from './clock.js';
import { Emitter } from './emitter.js';
import { MicrophoneError } from './errors.js';
import { OPENED, TICK_SECONDS, soundAfter } from './sound.js';
import { WORKLET_URL } from './worklet-url.js';

/**
 * What browsers do to a voice so that people understand it better makes voices alike, and moves
 * their level: it is off unless it is asked for.
 */
const CONSTRAINTS = {
  channelCount: 1,
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
};

/** What `getUserMedia` rejects with, by the names of today and of older browsers. */
const REASONS = {
  NotAllowedError: 'permission_denied',
  SecurityError: 'permission_denied',
  NotFoundError: 'no_device',
  OverconstrainedError: 'no_device',
  NotReadableError: 'device_busy',
  AbortError: 'device_busy',
};

/**
 * One microphone.
 *
 * Events: `chunk`, an Int16Array of 4096 samples, the last one perhaps shorter; `level`, about every
 * 50 ms; `sound`, where none arrives any more, or some does again; `state`, of the AudioContext, which a
 * telephone interrupts; `ended`, a MicrophoneError, where the device is gone.
 */
export class Microphone extends Emitter {
  /**
   * @param {object} [options]
   * @param {string} [options.workletUrl] where `worklet.js` lies, if not beside this file
   * @param {object} [options.clock] time, for tests
   */
  constructor({ workletUrl = WORKLET_URL, clock = CLOCK } = {}) {
    super();
    this._workletUrl = workletUrl;
    this._clock = clock;
    this._opened = null;
    this._sound = OPENED;
  }

  /**
   * Return the microphones; their labels are empty until one was allowed.
   *
   * @returns {Promise<{deviceId: string, label: string}[]>}
   * @throws {MicrophoneError} `insecure_context`, `unsupported`
   */
  async devices() {
    const devices = await mediaDevices().enumerateDevices();
    return devices
      .filter(({ kind }) => kind === 'audioinput')
      .map(({ deviceId, label }) => ({ deviceId, label }));
  }

  /** Which of `devices()` is open, perhaps chosen in the browser's own question; null: none. */
  get deviceId() {
    const { stream } = this._opened || { stream: null };
    return stream === null ? null : stream.getAudioTracks()[0].getSettings().deviceId;
  }

  /**
   * Begin to listen. Call it from a click: without one, some browsers keep all audio waiting.
   *
   * @param {object} [options]
   * @param {string} [options.deviceId] one of `devices()`; by default the browser chooses
   * @param {object} [options.constraints] more for `getUserMedia`, like `{noiseSuppression: true}`
   * @throws {MicrophoneError} why not; nothing stays open
   */
  async open({ deviceId, constraints } = {}) {
    const devices = mediaDevices();
    // Before anything is awaited, while the click counts. At the rate of the device: audio that
    // the browser has resampled already would be resampled twice.
    const context = newContext();
    const opened = { context, rate: context.sampleRate, stream: null, node: null, stopTicking: () => {} };
    const closing = this.close();
    this._opened = opened;
    try {
      await closing;
      const audio = { ...CONSTRAINTS, ...constraints };
      if (deviceId !== undefined) audio.deviceId = { exact: deviceId };
      opened.stream = await devices.getUserMedia({ audio, video: false }).catch(refuse);
      opened.node = await openCaptureNode(context, this._workletUrl, (type, data) => {
        this.emit(type, data);
        if (type === 'chunk') this._observe({ type, isSilent: data.every((sample) => sample === 0) });
      });
      this._start(opened);
    } catch (error) {
      this._release(opened);
      throw error instanceof MicrophoneError ? error : new MicrophoneError('unsupported', error);
    }
  }

  /** Tell the last chunk and let go of the device. */
  async close() {
    const opened = this._opened;
    if (opened === null) return;
    this._opened = null;
    if (opened.node !== null) await opened.node.flush();
    this._release(opened);
  }

  /**
   * Go on after the browser held the audio back; call it from a click. Where it cannot be yet, as during
   * a telephone call, nothing happens: `sound` tells whether it did.
   */
  async resume() {
    if (this._opened !== null) await this._opened.context.resume().catch(() => {});
  }

  _start(opened) {
    const [track] = opened.stream.getAudioTracks();
    if (this._opened !== opened || track.readyState === 'ended') throw new MicrophoneError('ended');
    track.onended = () => this._end(opened);
    track.onmute = track.onunmute = () => this._poll(opened);
    opened.context.onstatechange = () => {
      this.emit('state', opened.context.state);
      this._poll(opened);
    };
    opened.node.connect(opened.context.createMediaStreamSource(opened.stream));
    // Not awaited: where a click is missing, it waits for one.
    this.resume();
    this._observe({ type: 'opened' });
    this._tick(opened);
  }

  /** Read what the browser says; with each tick as well, since browsers do not tell every change. */
  _poll(opened) {
    const [track] = opened.stream.getAudioTracks();
    // Bluetooth can change the rate under an open microphone, and its sound would be too fast or too slow.
    if (track.readyState === 'ended' || opened.context.sampleRate !== opened.rate) this._end(opened);
    else {
      const isRunning = opened.context.state === 'running';
      this._observe({ type: 'device', isRunning, isMuted: track.muted });
    }
  }

  _tick(opened) {
    opened.stopTicking = this._clock.after(TICK_SECONDS, () => {
      this._tick(opened);
      this._observe({ type: 'tick' });
      this._poll(opened);
    });
  }

  _observe(event) {
    const { cause: before } = this._sound;
    this._sound = soundAfter(this._sound, event);
    const { cause } = this._sound;
    if (cause !== before) this.emit('sound', { arrives: cause === null, cause });
  }

  async _end(opened) {
    if (this._opened !== opened) return;
    await this.close();
    this.emit('ended', new MicrophoneError('ended'));
  }

  _release(opened) {
    if (this._opened === opened) this._opened = null;
    const { context, stream, node } = opened;
    opened.stopTicking();
    context.onstatechange = null;
    if (node !== null) node.disconnect();
    if (stream !== null) {
      for (const track of stream.getTracks()) {
        track.onended = track.onmute = track.onunmute = null;
        track.stop();
      }
    }
    // Not awaited: the device is free already, and a context that is interrupted may not close now.
    if (context.state !== 'closed') context.close().catch(() => {});
  }
}

function mediaDevices() {
  if (globalThis.isSecureContext === false) throw new MicrophoneError('insecure_context');
  const devices = globalThis.navigator && globalThis.navigator.mediaDevices;
  if (!devices || !devices.getUserMedia) throw new MicrophoneError('unsupported');
  return devices;
}

function newContext() {
  // Safari 13 knows it by its old name.
  const Context = globalThis.AudioContext || globalThis.webkitAudioContext;
  if (Context === undefined) throw new MicrophoneError('unsupported');
  try {
    return new Context();
  } catch (error) {
    throw new MicrophoneError('unsupported', error); // a page gets so many only
  }
}

function refuse(error) {
  throw new MicrophoneError(REASONS[error.name] || 'unsupported', error);
}
