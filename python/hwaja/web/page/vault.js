/**
 * What this browser keeps of a conversation: one record for each tab, encrypted with AES-GCM. The key lies in
 * the session storage of the tab and is gone with it. A person may have the record outlast the tab: then the
 * browser keeps the key beside it, in a form that no script can read.
 */

import { recall, remember } from './memory.js';

const DATABASE = 'hwaja';
const STORE = 'conversations';

/** Where a tab has the id of its record, and the key. */
const TAB_KEY = 'hwaja.tab';

/** What a tab left behind cannot be read any more, and is deleted when it is so old. */
const LEFT_DAYS = 1;

/** So long a record stays that outlasts its tab. */
export const KEPT_DAYS = 7;

const DAY_MS = 24 * 3600 * 1000;

/** Some browsers never answer (WebKit's bug 226547). */
const PATIENCE_MS = 3000;

const AES = 'AES-GCM';
const KEY_BYTES = 32;
const IV_BYTES = 12;

export class Vault {
  constructor(database, id, key) {
    this._database = database;
    this._id = id;
    this._key = key;
    this._wanted = null; // {state, outlasts} to be written next
    this._writing = Promise.resolve();
  }

  /** Open the vault of this tab; resolves with null where the browser keeps nothing. */
  static async open() {
    try {
      const patience = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS));
      const database = await Promise.race([opened(), patience]);
      const [id, secret] = secretOfTab();
      return new Vault(database, id, await crypto.subtle.importKey('raw', secret, AES, false, ['encrypt', 'decrypt']));
    } catch (error) {
      return null;
    }
  }

  /** Return the state that this tab has written; null: none. */
  async read() {
    const record = await this._ask('readonly', (store) => store.get(this._id));
    return record === undefined ? null : opening(record, this._key);
  }

  /**
   * Keep a state instead of the last one; of several in a row only the last.
   *
   * @param {?object} state is written as JSON; null: keep nothing
   * @param {boolean} [outlasts] whether another tab may take it when this one is closed
   */
  write(state, outlasts = false) {
    const isBusy = this._wanted !== null;
    this._wanted = { state, outlasts };
    // One that the browser refuses is only in the page, as the page says when it is closed.
    if (!isBusy) this._writing = this._writing.then(() => this._put()).catch(() => {});
  }

  /** Return which conversations other tabs have left here to be taken: `{id, savedAt}`, the newest first. */
  async left() {
    const records = await this._ask('readonly', (store) => store.getAll());
    const isOld = ({ savedAt, key }) => Date.now() - savedAt > DAY_MS * (key === undefined ? LEFT_DAYS : KEPT_DAYS);
    for (const { id } of records.filter(isOld)) await this.drop(id);
    return records
      .filter((record) => record.key !== undefined && record.id !== this._id && !isOld(record))
      .sort((one, other) => other.savedAt - one.savedAt);
  }

  /** Return the state that another tab has left. */
  async take(id) {
    const record = await this._ask('readonly', (store) => store.get(id));
    return opening(record, record.key);
  }

  /** Delete what another tab has left. */
  drop(id) {
    return this._ask('readwrite', (store) => store.delete(id));
  }

  async _put() {
    const { state, outlasts } = this._wanted;
    this._wanted = null;
    if (state === null) {
      await this.drop(this._id);
      return;
    }
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const plain = new TextEncoder().encode(JSON.stringify(state));
    const sealed = await crypto.subtle.encrypt({ name: AES, iv }, this._key, plain);
    const record = { id: this._id, savedAt: Date.now(), iv, sealed };
    if (outlasts) record.key = this._key;
    await this._ask('readwrite', (store) => store.put(record));
  }

  _ask(mode, ask) {
    return answered(ask(this._database.transaction(STORE, mode).objectStore(STORE)));
  }
}

function opened() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
  return answered(request);
}

function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The id of this tab's record and its key, which are made when a tab first asks. */
function secretOfTab() {
  const kept = recall('sessionStorage', TAB_KEY);
  const bytes = kept === null ? crypto.getRandomValues(new Uint8Array(2 * KEY_BYTES)) : Uint8Array.from(atob(kept), (letter) => letter.charCodeAt(0));
  const written = btoa(String.fromCharCode(...bytes));
  remember('sessionStorage', TAB_KEY, written);
  if (recall('sessionStorage', TAB_KEY) !== written) throw new Error('This tab remembers nothing.');
  return [btoa(String.fromCharCode(...bytes.slice(KEY_BYTES))), bytes.slice(0, KEY_BYTES)];
}

async function opening({ iv, sealed }, key) {
  const plain = await crypto.subtle.decrypt({ name: AES, iv }, key, sealed);
  return JSON.parse(new TextDecoder().decode(plain));
}
