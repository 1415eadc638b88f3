/** Runs on the browser's audio thread: hears the microphone there, so that no busy page costs audio. */

import { Capture } from './capture.js';

class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this._capture = new Capture(sampleRate);
    this._isOver = false;
    this.port.onmessage = () => this._end();
  }

  /** Take one quantum; without a source there is none. What goes out stays silent. */
  process(inputs) {
    const channels = inputs[0];
    if (!this._isOver && channels.length > 0) this._tell(this._capture.push(channels[0]));
    return !this._isOver;
  }

  _end() {
    if (this._isOver) return;
    this._isOver = true;
    this._tell(this._capture.flush());
    this.port.postMessage({ type: 'flushed' });
  }

  _tell(told) {
    for (const { type, data } of told) {
      this.port.postMessage({ type, data }, type === 'chunk' ? [data.buffer] : []);
    }
  }
}

registerProcessor('hwaja-capture', CaptureProcessor);
