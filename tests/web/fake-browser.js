/** As much of a browser's audio as the microphone meets; it runs the real worklet. */

/** Two ends that are connected as those of an AudioWorklet are: what is transferred is gone here. */
function ports() {
  const ends = [{ posted: 0, copied: 0 }, { posted: 0, copied: 0 }];
  ends.forEach((end, i) => {
    const other = ends[1 - i];
    end.postMessage = (data, transfer = []) => {
      end.posted++;
      const message = structuredClone(data, { transfer });
      if (data.type === 'chunk' && data.data.length > 0) end.copied++; // it is still here
      queueMicrotask(() => other.onmessage && other.onmessage({ data: message }));
    };
  });
  return ends;
}

/** What a node is connected to, and whether it still is. */
class Node {
  constructor(context) {
    this.context = context;
    this.outputs = [];
  }

  connect(node) {
    this.outputs.push(node);
    return node;
  }

  disconnect() {
    this.outputs = [];
  }
}

export class FakeBrowser {
  /** @param {object} options `rate` of the device, `hasWorklet`, `refusal` of getUserMedia */
  constructor({ rate = 48_000, hasWorklet = true, refusal = null, isSecure = true } = {}) {
    const browser = this;
    this.contexts = [];
    this.asked = [];
    this.track = null; // of the microphone that was opened last
    this.chosen = 'a'; // the microphone that the person or the browser opens
    this.devices = [
      { kind: 'audioinput', deviceId: 'a', label: 'Built-in', groupId: 'g' },
      { kind: 'videoinput', deviceId: 'v', label: 'Camera', groupId: 'g' },
    ];
    const getUserMedia = async (constraints) => {
      this.asked.push(constraints);
      if (refusal !== null) throw Object.assign(new Error('no'), { name: refusal });
      const track = { readyState: 'live', muted: false, stop: () => (track.readyState = 'ended') };
      track.getSettings = () => ({ deviceId: this.chosen });
      this.track = track;
      return { getAudioTracks: () => [track], getTracks: () => [track] };
    };
    const enumerateDevices = async () => this.devices;

    class Context {
      constructor(options) {
        this.options = options;
        this.sampleRate = rate;
        this.state = 'suspended';
        this.destination = new Node(this);
        browser.contexts.push(this);
        if (hasWorklet) this.audioWorklet = { addModule: (url) => browser.addModule(url) };
      }

      async resume() {
        this.state = 'running';
      }

      async close() {
        this.state = 'closed';
      }

      createMediaStreamSource() {
        browser.source = new Node(this);
        return browser.source;
      }

      createScriptProcessor(samples) {
        browser.script = Object.assign(new Node(this), { samples });
        return browser.script;
      }
    }

    class WorkletNode extends Node {
      constructor(context, name, options) {
        super(context);
        this.options = options;
        const [port, inner] = ports();
        this.port = port;
        browser.pendingPort = inner;
        browser.processor = new browser.processors[name]();
      }
    }

    this.globals = {
      isSecureContext: isSecure,
      navigator: isSecure ? { mediaDevices: { getUserMedia, enumerateDevices } } : {},
      AudioContext: hasWorklet ? Context : undefined,
      webkitAudioContext: hasWorklet ? undefined : Context,
      AudioWorkletNode: WorkletNode,
      AudioWorkletProcessor: class {
        constructor() {
          this.port = browser.pendingPort;
        }
      },
      registerProcessor: (name, Processor) => (browser.processors[name] = Processor),
      sampleRate: rate,
    };
    this.processors = {};
  }

  /** Put it in the place of Node's globals; returns what puts those back. */
  install() {
    const before = {};
    for (const [name, value] of Object.entries(this.globals)) {
      before[name] = Object.getOwnPropertyDescriptor(globalThis, name);
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    return () => {
      for (const [name, descriptor] of Object.entries(before)) {
        if (descriptor === undefined) delete globalThis[name];
        else Object.defineProperty(globalThis, name, descriptor);
      }
    };
  }

  async addModule(url) {
    this.modules = (this.modules || 0) + 1;
    await import(`${url}?${Math.random()}`); // anew, since modules run once
  }

  /** Have the audio thread hear a signal, in quanta of 128; returns whether it wants more. */
  play(signal) {
    let isAlive = true;
    for (let at = 0; at < signal.length; at += 128) {
      const quantum = signal.slice(at, at + 128); // whose memory the browser uses again
      isAlive = this.processor.process([[quantum]]);
      quantum.fill(NaN);
    }
    return isAlive;
  }
}
