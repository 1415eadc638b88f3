/**
 * The way to the server: one connection after another, as long as they lead to the same session. Of a
 * client that roams, another session may take over, at any of its addresses. One address may lead to
 * several servers, behind a balancer.
 */

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

/** A server that stops; another may go on. */
const GOING_AWAY = 1001;

/** A server that is full, or leaves. */
const TRY_AGAIN_LATER = 1013;

export class Link {
  /**
   * @param {object} options `urls`, at least one, `roams`: whether another session may take over,
   *   `token`: a string, a function that brings one, or null, `resume`,
   *   `WebSocket`, `clock`, `random`
   * @param {object} handlers `welcomed(message, isResumed)`, `message(message)`, `away(code)` where
   *   the connection is lost and another is tried, `closed(code, isLost)` where nothing more is. A
   *   session that may take over is `welcomed` too, and waits for `settle` or `leave`
   */
  constructor(options, handlers) {
    this._options = options;
    this._handlers = handlers;
    const { resume, hello, roams } = options;
    this._resumptions = options.urls.map(() => new Resumption(resume, hello, roams));
    this._home = 0; // place of the address where the session is
    this._place = 0; // of the address that is tried, or connected to
    this._tries = 0; // since the connection was lost
    this._untried = 0; // addresses that a first connection may still try
    this._backOff = new BackOff(options.random);
    this._socket = null;
    this._abandoned = []; // sockets to be closed once another has taken over
    this._awaySince = null;
    this._cancelAttempt = () => {};
    this._cancelRenewal = () => {};
    this._isRenewing = false; // a session is being left that is still there
    this._cancelStall = null; // of the timer that runs while the server is to say something
    this.isOnline = false; // the server has said its first word
    /** Whether the last attempt ended for want of a token. */
    this.lacksToken = false;
  }

  /** Whether audio can be sent. */
  get isRoomy() {
    return this.isOnline && this._socket.bufferedBytes < MOST_BUFFERED_BYTES;
  }

  /** The address where the session is. */
  get url() {
    return this._options.urls[this._home];
  }

  /** Whether there is no other address. */
  get isAlone() {
    return this._options.urls.length === 1;
  }

  /** The number of the last message that the server has numbered; 0: none. */
  get lastNumber() {
    return this._resumption.lastNumber;
  }

  get _resumption() {
    return this._resumptions[this._place];
  }

  /**
   * Connect to a session of its own, or to an earlier one that a token leads to at an address, and of which
   * all up to a message is known.
   */
  open(sessionToken = null, url = this._options.urls[0], lastNumber = 0) {
    const { urls, roams } = this._options;
    this._resumptions.forEach((each) => each.forget());
    this._home = this._place = Math.max(0, urls.indexOf(url));
    // Each twice where a balancer may have led to a server that has just died.
    this._untried = (roams ? 2 : 1) * urls.length - 1;
    if (sessionToken !== null) this._resumption.recall(sessionToken, lastNumber);
    this._backOff.reset();
    this._connect();
  }

  /** The session that was welcomed takes over. */
  settle() {
    this._cancelAttempt();
    this._home = this._place;
    this._arrive();
  }

  /** The session that was welcomed cannot take over: try the next address. */
  leave() {
    this._cancelAttempt();
    this._ended(ABNORMAL_CLOSURE);
  }

  /** Renew the session in so many seconds. */
  renewIn(seconds) {
    this._cancelRenewal();
    this._cancelRenewal = this._options.clock.after(seconds, () => this.renew());
  }

  /**
   * Begin another session, since the server ends this one: it takes over as where a connection is lost,
   * but nobody is told. This one is closed when the other is there.
   */
  renew() {
    if (!this.isOnline) return;
    this._isRenewing = true;
    this._resumption.forget();
    this._setAside();
    this._awaySince = this._options.clock.now();
    this._tries = 0;
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
    this._cancelRenewal();
    this._isRenewing = false;
    this._socket = null;
    this._abandoned = [];
    this._awaySince = null;
    this._stopWatching();
    this.isOnline = false;
  }

  /** Connect, with another token each time where a function brings them: a client token is good once. */
  _connect() {
    const { urls, token, clock } = this._options;
    const url = urls[this._place];
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
    const { urls, WebSocket, clock } = this._options;
    const url = urls[this._place];
    const handlers = { message: (message) => this._take(message), closed: (code) => this._ended(code) };
    this._socket = new Socket(WebSocket, url, this._resumption.protocols(token), clock, handlers);
  }

  _take(message) {
    this._stopWatching();
    if (message.type === 'model_loaded') this._welcome(message);
    else if (this._resumption.isNews(message)) this._handlers.message(message);
  }

  _welcome(message) {
    const isResumed = this._resumption.welcome(message);
    if (!isResumed) this._cancelRenewal();
    if (this._awaySince !== null && !isResumed && this._options.roams) {
      const { clock } = this._options;
      this._cancelAttempt = clock.after(STALL_SECONDS, () => this.leave());
    } else {
      this._home = this._place;
      this._arrive();
    }
    this._handlers.welcomed(message, isResumed);
  }

  _arrive() {
    this.isOnline = true;
    this._isRenewing = false;
    this._untried = 0;
    this._awaySince = null;
    this._backOff.reset();
    this._abandoned.forEach((socket) => socket.close());
    this._abandoned = [];
  }

  _ended(code) {
    const wasOnline = this.isOnline;
    this._setAside();
    if (this._isRenewing) {
      this._failToRenew(code);
      if (this._awaySince === null) return; // who was told has closed it
    }
    const { urls, roams, clock } = this._options;
    const isLost = LOST_CODES.includes(code) || (roams && code === GOING_AWAY);
    if (wasOnline && isLost && this._resumption.isPossible) {
      this._awaySince = clock.now();
      this._tries = 0;
      this._handlers.away(code);
      if (this._awaySince === null) return; // who was told has closed it
    }
    const isRefused = this._awaySince !== null && code === TRY_AGAIN_LATER;
    // The session is over: a server that has it neither stops nor refuses it.
    if (roams && (code === GOING_AWAY || isRefused)) this._resumption.forget();
    // One that refuses is not the only one.
    const mayTryOthers = roams && (urls.length > 1 || isRefused);
    if (this._awaySince !== null && (isLost || mayTryOthers)) this._tryAgain(code);
    else if (!wasOnline && this._untried > 0) this._tryNext();
    else this._giveUp(code);
  }

  /** The connection is used no more. It is closed when another session has taken over. */
  _setAside() {
    this.isOnline = false;
    this._stopWatching();
    if (this._socket === null) return;
    this._socket.abandon();
    this._abandoned.push(this._socket);
    this._socket = null;
  }

  /** No other session was to be had at once: the place of this one may be what is missing. */
  _failToRenew(code) {
    this._isRenewing = false;
    this._abandoned.splice(0).forEach((socket) => socket.close());
    this._handlers.away(code);
  }

  _tryNext() {
    this._untried--;
    this._place = (this._place + 1) % this._options.urls.length;
    this._connect();
  }

  _tryAgain(code) {
    const { clock, urls } = this._options;
    const awaySeconds = clock.now() - this._awaySince;
    const delaySeconds = this._backOff.nextDelaySeconds(awaySeconds, urls.length);
    this._place = (this._home + this._tries++) % urls.length; // the session's own address first
    if (this._place !== this._home) this._resumption.forget(); // of a session that was left
    if (delaySeconds === null) this._giveUp(code);
    else this._cancelAttempt = clock.after(delaySeconds, () => this._connect());
  }

  _giveUp(code) {
    const isLost = this._awaySince !== null;
    this.close();
    this._handlers.closed(code, isLost);
  }
}
