/** One WebSocket of the client, from its address to its end. */

/** How long a server may take to say its first word. */
const OPENING_SECONDS = 10;

/** How long a server may take to say goodbye: one that is gone would have the browser wait for minutes. */
const CLOSING_SECONDS = 3;

/** The registry's code for a connection that ended without a word. */
export const ABNORMAL_CLOSURE = 1006;

const CONNECTING = 0;
const CLOSED = 3;

export class Socket {
  /**
   * Open one. Throws what the browser throws, where the page may not or a protocol is no token.
   *
   * @param {function} WebSocketClass the browser's, or another one with its interface
   * @param {string} url
   * @param {string[]} protocols to offer
   * @param {object} clock
   * @param {object} handlers `message`, called with each message; `closed`, once, with a close code
   */
  constructor(WebSocketClass, url, protocols, clock, handlers) {
    this._handlers = handlers;
    this._clock = clock;
    this._websocket = new WebSocketClass(url, protocols);
    this._patience = clock.after(OPENING_SECONDS, () => this._give(ABNORMAL_CLOSURE));
    this._websocket.onmessage = ({ data }) => this._take(data);
    this._websocket.onclose = ({ code }) => this._give(code);
    this._websocket.onerror = () => {}; // `close` follows, and says more
  }

  /** Bytes that wait to be sent. */
  get bufferedBytes() {
    return this._websocket.bufferedAmount;
  }

  /** @param {object|Int16Array|Float32Array|Uint8Array} message */
  send(message) {
    this._websocket.send(ArrayBuffer.isView(message) ? message : JSON.stringify(message));
  }

  /**
   * Have nothing more to do with it. It is not closed: a server takes that for the end of the
   * session, which another connection may have taken over.
   */
  abandon() {
    this._patience();
    this._handlers = null;
    if (this._websocket.readyState === CONNECTING) this._websocket.close();
  }

  /** End it, and the session; resolves once it is closed, or the server does not answer that. */
  close() {
    this.abandon();
    if (this._websocket.readyState === CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const patience = this._clock.after(CLOSING_SECONDS, resolve);
      this._websocket.onclose = () => {
        patience();
        resolve();
      };
      this._websocket.close(1000);
    });
  }

  _take(data) {
    const message = parsed(data);
    if (this._handlers === null || message === null) return;
    this._patience();
    this._handlers.message(message);
  }

  _give(code) {
    if (this._handlers === null) return;
    const { closed } = this._handlers;
    this.abandon();
    closed(code);
  }
}

/** A message of the server; null for what is none, which a later server may send. */
function parsed(data) {
  try {
    const message = JSON.parse(data);
    return message !== null && typeof message.type === 'string' ? message : null;
  } catch (error) {
    return null;
  }
}
