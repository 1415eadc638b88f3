/**
 * Keeps a second screen at the conversation of its link. Sessions come and go: the link leads to the one that is
 * shown by it now, at any of the servers. No element.
 */

import { BackOff } from '../client/resumption.js';

/** So long the link of a conversation may lead to no session: then the client has given up, too. */
const ENDED_SECONDS = 60;

/** So long a link may lead to no session that has led to none yet. */
const WRONG_SECONDS = 2;

/** Close codes: the link has ended; too many watch. */
const ENDED = 1000;
const FULL = 1013;

export class Watch {
  /**
   * @param {string[]} urls of the servers, tried in turn
   * @param {string} token of the link
   * @param {object} surroundings `WebSocket`, `clock`, `random`, and `isThere`: whether a server answers
   * @param {object} handlers `status(key)` of a text: it connects, watches, too many watch, it has ended, or the
   *   link never led anywhere; `begun()`: what was said since was missed; `message(message)`
   */
  constructor(urls, token, surroundings, handlers) {
    this._urls = urls;
    this._token = token;
    this._surroundings = surroundings;
    this._handlers = handlers;
    this._backOff = new BackOff(surroundings.random);
    this._place = 0; // of the address that is tried
    this._wasOpen = false; // once at all
    this._refusedSince = null; // by servers that are there; null: not refused
    this._connect();
  }

  _connect() {
    const { WebSocket } = this._surroundings;
    const { href: url } = new URL('/watch', this._urls[this._place]);
    const socket = new WebSocket(url, ['hwaja', `hwaja.watch.${this._token}`]);
    let isOpen = false;
    socket.onopen = () => {
      isOpen = this._wasOpen = true;
      this._refusedSince = null;
      this._backOff.reset();
      this._handlers.begun();
      this._handlers.status('status.ready');
    };
    socket.onmessage = ({ data }) => this._handlers.message(JSON.parse(data));
    socket.onclose = ({ code }) => this._closed(code, isOpen);
  }

  async _closed(code, wasOpen) {
    if (code === ENDED) {
      this._handlers.status('subtitles.ended');
      return;
    }
    this._handlers.status(code === FULL ? 'subtitles.full' : 'status.connecting');
    if (!wasOpen) this._place = (this._place + 1) % this._urls.length;
    const { clock, isThere } = this._surroundings;
    const isRefused = !wasOpen && (await isThere());
    if (!isRefused) this._refusedSince = null;
    else if (this._refusedSince === null) this._refusedSince = clock.now();
    const patience = this._wasOpen ? ENDED_SECONDS : WRONG_SECONDS;
    if (isRefused && clock.now() - this._refusedSince >= patience) {
      this._handlers.status(this._wasOpen ? 'subtitles.ended' : 'subtitles.wrong');
    } else {
      clock.after(this._backOff.nextDelaySeconds(0, this._urls.length), () => this._connect());
    }
  }
}
