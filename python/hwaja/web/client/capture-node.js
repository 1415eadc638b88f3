/** What listens inside an AudioContext: a worklet, or a ScriptProcessor where that cannot be. */

import { Capture } from './capture.js';

/** How long the audio thread may take to hand out its last chunk. */
const FLUSH_MS = 1000;

/**
 * ScriptProcessor's block, in samples: on a busy page a shorter one loses audio, and a longer one
 * only adds to the delay.
 */
const BLOCK_SAMPLES = 4096;

/**
 * Make one, and tell what it hears.
 *
 * @param {AudioContext} context at the rate of the device
 * @param {string} workletUrl where `worklet.js` lies
 * @param {function(string, *): void} tell called with `chunk` or `level` and what it is about
 * @returns {Promise<{connect: function, flush: function, disconnect: function}>}
 */
export async function openCaptureNode(context, workletUrl, tell) {
  // Safari before 14.1 and Firefox before 76 have none. Until 15 and 114 theirs can import nothing.
  if (!context.audioWorklet) return new ScriptNode(context, tell);
  try {
    await context.audioWorklet.addModule(workletUrl);
    return new WorkletNode(context, tell);
  } catch (error) {
    return new ScriptNode(context, tell);
  }
}

/** Both are connected to the loudspeakers, silent: some browsers run nothing that leads nowhere. */
class WorkletNode {
  constructor(context, tell) {
    this._source = null;
    this._node = new AudioWorkletNode(context, 'hwaja-capture', {
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this._flushed = () => {};
    this._node.port.onmessage = ({ data: { type, data } }) => {
      if (type !== 'flushed') tell(type, data);
      else this._flushed();
    };
  }

  connect(source) {
    this._source = source;
    source.connect(this._node).connect(source.context.destination);
  }

  /** Have the rest told; resolves once it is. */
  flush() {
    return new Promise((resolve) => {
      const patience = setTimeout(resolve, FLUSH_MS);
      this._flushed = () => {
        clearTimeout(patience);
        resolve();
      };
      this._node.port.postMessage('flush');
    });
  }

  disconnect() {
    this._node.port.onmessage = null;
    if (this._source !== null) this._source.disconnect();
    this._node.disconnect();
  }
}

class ScriptNode {
  constructor(context, tell) {
    this._source = null;
    this._capture = new Capture(context.sampleRate);
    this._tell = (told) => told.forEach(({ type, data }) => tell(type, data));
    this._node = context.createScriptProcessor(BLOCK_SAMPLES, 1, 1);
    this._node.onaudioprocess = ({ inputBuffer }) =>
      this._tell(this._capture.push(inputBuffer.getChannelData(0)));
  }

  connect(source) {
    this._source = source;
    source.connect(this._node);
    this._node.connect(source.context.destination);
  }

  async flush() {
    this._node.onaudioprocess = null;
    this._tell(this._capture.flush());
  }

  disconnect() {
    this._node.onaudioprocess = null;
    if (this._source !== null) this._source.disconnect();
    this._node.disconnect();
  }
}
