/** A WebSocket that does what a test writes, and a clock that a test turns. */

export class Clock {
  constructor() {
    this.seconds = 0;
    this._timers = [];
  }

  now() {
    return this.seconds;
  }

  after(seconds, action) {
    const timer = { at: this.seconds + seconds, action };
    this._timers.push(timer);
    return () => this._drop(timer);
  }

  _drop(timer) {
    this._timers = this._timers.filter((each) => each !== timer);
  }

  /** Let time pass; returns at which moments something was due. */
  turn(seconds) {
    const end = this.seconds + seconds;
    const moments = [];
    for (;;) {
      const [timer] = this._timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (timer === undefined) break;
      this._drop(timer);
      this.seconds = timer.at;
      moments.push(timer.at);
      timer.action();
    }
    this.seconds = end;
    return moments;
  }
}

/** Returns a class like the browser's WebSocket; `sockets` are those that were opened. */
export function scriptedSockets() {
  const sockets = [];
  class ScriptedSocket {
    constructor(url, protocols) {
      this.url = url;
      this.protocols = protocols;
      this.readyState = 0;
      this.bufferedAmount = 0;
      this.sent = [];
      sockets.push(this);
    }

    send(data) {
      this.sent.push(typeof data === 'string' ? JSON.parse(data) : data);
    }

    close(code) {
      this.closedWith = code;
      if (this.readyState === 0) this.end(1006);
      this.readyState = 2;
    }

    /** The server says something. */
    say(type, fields = {}) {
      this.readyState = 1;
      this.onmessage({ data: JSON.stringify({ type, ...fields }) });
    }

    greet(fields = {}) {
      this.say('model_loaded', { message: '', session_token: 'T', resumed: false, ...fields });
    }

    /** The connection ends. */
    end(code) {
      this.readyState = 3;
      this.onclose({ code });
    }

    get types() {
      return this.sent.map((message) => message.type || 'audio');
    }

    get sentSamples() {
      return this.sent.reduce((sum, message) => sum + (message.type ? 0 : message.length), 0);
    }
  }
  return { ScriptedSocket, sockets };
}
