/** The way to the server: one connection after another, as long as they lead to the same session. */

import { BackOff, Resumption, TOKEN } from './resumption.js';
import { ABNORMAL_CLOSURE, Socket } from './socket.js';

/** Longer, nobody waits for the page's own function to bring a token. */
const TOKEN_SECONDS = 10;

/** With more waiting in the socket, 1 s of audio, the rest waits where it can be counted. */
const MOST_BUFFERED_BYTES = 32000;

/** A server that does not answer for so long what it answers at once is not there any more. */
const STALL_SECONDS = 20;

/** Codes of connections that nobody ended on purpose: no code, no word, a proxy that restarts. */
const LOST_CODES = [1005, ABNORMAL_CLOSURE, 1012, 1014];

export class Link {
  /**
   * @param {object} options `url`, `token`: a string, a function that brings one, or null, `resume`,
   *   `WebSocket`, `clock`, `random`
   * @param {object} handlers `welcomed(message, isResumed)`, `message(message)`, `away(code)` where
   *   the connection is lost and another is tried, `closed(code, isLost)` where nothing more is
   */
  constructor(options, handlers) {
    this._options = options;
    this._handlers = handlers;
    this._resumption = new Resumption(options.resume);
    this._backOff = new BackOff(options.random);
    this._socket = null;
    this._abandoned = []; // sockets to be closed once another has taken over
    this._awaySince = null;
    this._cancelAttempt = () => {};
    this._cancelStall = null; // of the timer that runs while the server is to say something
    this.isOnline = false; // the server has said its first word
    /** Whether the last attempt ended for want of a token. */
    this.lacksToken = false;
  }

  /** Whether audio can be sent. */
  get isRoomy() {
    return this.isOnline && this._socket.bufferedBytes < MOST_BUFFERED_BYTES;
  }

  /** Connect to a session of its own, or to an earlier one that a token leads to. */
  open(sessionToken = null) {
    this._resumption.forget();
    if (sessionToken !== null) this._resumption.recall(sessionToken);
    this._backOff.reset();
    this._connect();
  }

  send(message) {
    this._socket.send(message);
  }

  /**
   * Miss a server that is gone without a word; to be called whenever it may owe one, or no more.
   *
   * @param {boolean} isWaiting whether it is to say something
   */
  watch(isWaiting) {
    if (!isWaiting || !this.isOnline || !this._resumption.isPossible) this._stopWatching();
    else if (this._cancelStall === null) {
      const { clock } = this._options;
      this._cancelStall = clock.after(STALL_SECONDS, () => this._ended(ABNORMAL_CLOSURE));
    }
  }

  _stopWatching() {
    if (this._cancelStall !== null) this._cancelStall();
    this._cancelStall = null;
  }

  /** End the session; resolves once the connection is closed. Nobody is told. */
  close() {
    const open = this._socket === null ? this._abandoned : [...this._abandoned, this._socket];
    this._reset();
    return Promise.all(open.map((socket) => socket.close())).then(() => {});
  }

  _reset() {
    this._cancelAttempt();
    this._socket = null;
    this._abandoned = [];
    this._awaySince = null;
    this._stopWatching();
    this.isOnline = false;
  }

  /** Connect, with another token each time where a function brings them: a client token is good once. */
  _connect() {
    const { url, token, clock } = this._options;
    this.lacksToken = false;
    if (typeof token !== 'function') {
      this._dial(token);
      return;
    }
    let isAwaited = true;
    const once = (action) => (value) => {
      if (isAwaited) {
        cancel();
        action(value);
      }
    };
    const fail = once(() => {
      this.lacksToken = true;
      this._ended(ABNORMAL_CLOSURE);
    });
    const stopWaiting = clock.after(TOKEN_SECONDS, () => fail());
    const cancel = () => {
      isAwaited = false;
      stopWaiting();
    };
    this._cancelAttempt = cancel;
    const dial = once((found) => this._dial(found));
    const isToken = (found) => typeof found === 'string' && TOKEN.test(found);
    const fetched = new Promise((resolve) => resolve(token(url)));
    fetched.then((found) => (isToken(found) ? dial(found) : fail()), fail);
  }

  _dial(token) {
    const { url, WebSocket, clock } = this._options;
    const handlers = { message: (message) => this._take(message), closed: (code) => this._ended(code) };
    this._socket = new Socket(WebSocket, url, this._resumption.protocols(token), clock, handlers);
  }

  _take(message) {
    this._stopWatching();
    if (message.type === 'model_loaded') this._welcome(message);
    else if (this._resumption.isNews(message)) this._handlers.message(message);
  }

  _welcome(message) {
    this.isOnline = true;
    this._awaySince = null;
    this._backOff.reset();
    this._abandoned.forEach((socket) => socket.close());
    this._abandoned = [];
    this._handlers.welcomed(message, this._resumption.welcome(message));
  }

  _ended(code) {
    const wasOnline = this.isOnline;
    this.isOnline = false;
    this._stopWatching();
    if (this._socket !== null) {
      this._socket.abandon();
      this._abandoned.push(this._socket);
      this._socket = null;
    }
    const isLost = LOST_CODES.includes(code);
    if (wasOnline && isLost && this._resumption.isPossible) {
      this._awaySince = this._options.clock.now();
      this._handlers.away(code);
      if (this._awaySince === null) return; // who was told has closed it
    }
    if (this._awaySince !== null && isLost) this._tryAgain(code);
    else this._giveUp(code);
  }

  _tryAgain(code) {
    const { clock } = this._options;
    const delaySeconds = this._backOff.nextDelaySeconds(clock.now() - this._awaySince);
    if (delaySeconds === null) this._giveUp(code);
    else this._cancelAttempt = clock.after(delaySeconds, () => this._connect());
  }

  _giveUp(code) {
    const isLost = this._awaySince !== null;
    this.close();
    this._handlers.closed(code, isLost);
  }
}
