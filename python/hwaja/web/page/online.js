/** The connection of the page, and what a person is told of it. */

import { SAMPLE_RATE, STTClient } from '../client/hwaja.js';
import { Emitter } from '../client/emitter.js';
import { TOKEN } from '../client/resumption.js';
import { adviceOn } from './advice.js';
import { timeOf } from './formats.js';
import { t } from './language.js';
import { keptTickets } from './kept-voices.js';
import { recall, remember } from './memory.js';

/** What the page asks of a transcription. */
const WISHES = { interimResults: true, speakerUpdates: true };

/** And of one whose speakers the server is to find by their voices. */
const DISCOVERING = { ...WISHES, speakers: 'discover' };

/** Limits that end a session; a transcription that is as long as it may be goes on in another. */
const LIMITS = ['session_limit', 'idle'];

/** States in which the server is sent what is heard. */
const HEARD = ['enrolling', 'transcribing'];

/** Where the token lies that leads back to the session, when this page is loaded anew, and to whom. */
const SESSION_KEY = 'hwaja.session';
const SERVER_KEY = 'hwaja.server';

/** Where it lies whether the speakers of its transcription are being found. */
const DISCOVERS_KEY = 'hwaja.discovers';

/**
 * Events: `state` of the client; `resumed`, where an earlier session goes on; `began`, where another
 * has begun; `gone`, where the voices are gone with the session; and of the client `transcription`, `interim`, `speaker_update`, `failed`.
 */
export class Online extends Emitter {
  constructor(notices, status) {
    super();
    this._notices = notices;
    this._status = status;
    this._token = null;
    this._peers = null; // other servers that can take over
    this._lostSamples = 0; // of this session
    /** The STTClient. */
    this.client = null;
    this.state = 'connecting';
    /** Whether the server finds the speakers of the last transcription by their voices. */
    this.discovers = recall('sessionStorage', DISCOVERS_KEY) !== null;
  }

  /** Connect, and find out why where that fails. */
  async connect() {
    this._notices.hide('connection');
    this._peers = this._peers || (await peers());
    this.client = this._newClient();
    try {
      const welcome = await this.client.connect({
        sessionToken: recall('sessionStorage', SESSION_KEY) || undefined,
        url: recall('sessionStorage', SERVER_KEY) || undefined,
        transcription: this._wishes,
        tickets: keptTickets(),
      });
      this._keep(welcome.session_token);
      this.emit(welcome.resumed ? 'resumed' : 'began', welcome);
    } catch (error) {
      if (error.reason === 'unreachable' && (await isThere())) this._ask();
      else this._explain(error);
    }
  }

  /** Begin a transcription of enrolled voices, or one whose speakers the server finds. */
  startTranscription(discovers) {
    this.discovers = discovers;
    remember('sessionStorage', DISCOVERS_KEY, discovers ? 'yes' : null);
    return this.client.startTranscription(this._wishes);
  }

  get _wishes() {
    return this.discovers ? DISCOVERING : WISHES;
  }

  /** Send a chunk; the client drops it where nothing is heard. */
  send(chunk) {
    if (this.client === null) return;
    this.client.sendAudio(chunk);
    if (HEARD.includes(this.state)) this._notices.hide('idle');
  }

  translate() {
    this._status.textContent = t(`status.${this.state}`);
  }

  /** End the session for good, and begin another. */
  async restart() {
    forget();
    await this.client.close();
    this._leave();
    await this.connect();
  }

  /** The session is over, and with it its limits and its voices. */
  _leave() {
    for (const kind of [...LIMITS, 'lost-session']) this._notices.hide(kind);
    this.emit('gone');
  }

  _newClient() {
    const scheme = location.protocol === 'http:' ? 'ws:' : 'wss:';
    const options = this._token === null ? {} : { token: this._token };
    this._lostSamples = 0;
    const client = new STTClient([`${scheme}//${location.host}/`, ...this._peers], options);
    for (const type of ['transcription', 'interim', 'speaker_update']) {
      client.on(type, (message) => this.emit(type, message));
    }
    client.on('state', (state) => this._show(state));
    client.on('error', (error) => this.emit('failed', error));
    client.on('reconnected', (welcome) => this._keep(welcome.session_token));
    client.on('roamed', (welcome) => {
      this._keep(welcome.session_token);
      this.emit('roamed');
    });
    client.on('overrun', ({ lostSamples }) => {
      this._lostSamples += lostSamples;
      const seconds = Math.ceil(this._lostSamples / SAMPLE_RATE);
      this._notices.show('lost', 'notice.lost', { seconds });
    });
    client.on('limit_warning', ({ reason, seconds_left: seconds }) => {
      if (!LIMITS.includes(reason)) return;
      const time = timeOf(new Date(Date.now() + 1000 * seconds));
      this._notices.show(reason, `limit.${reason}`, { time });
    });
    client.on('closed', ({ error }) => this._closed(error));
    client.on('lost', (error) => this._lost(error));
    return client;
  }

  /** The voices are gone. Another session has begun, unless the connection is closed, which is told too. */
  _lost(error) {
    if (this.state === 'closed') return;
    this._leave();
    this._notices.show('lost-session', adviceOn(error));
    this.emit('began');
  }

  _closed(error) {
    if (error === null) return;
    forget();
    this._leave();
    if (error.reason !== 'unreachable') this._explain(error);
  }

  _explain(error) {
    this._notices.show('connection', adviceOn(error), {}, {
      key: 'notice.retry',
      act: () => this.connect(),
    });
  }

  /** Ask for the token that lets this page in. */
  _ask() {
    const labelKey = this._token === null ? 'token.label' : 'token.wrong';
    this._notices.ask('connection', labelKey, 'token.send', (token) => {
      this._token = token;
      if (TOKEN.test(token)) this.connect();
      else this._ask();
    });
  }

  _keep(sessionToken) {
    remember('sessionStorage', SESSION_KEY, sessionToken);
    remember('sessionStorage', SERVER_KEY, this.client.url);
  }

  _show(state) {
    this.state = state;
    this._status.dataset.state = state;
    if (state === 'reconnecting') this._notices.show('away', 'notice.away');
    else this._notices.hide('away');
    this.translate();
    this.emit('state', state);
  }
}

/** A browser does not say why a WebSocket was refused: ask whether the server is there at all. */
async function isThere() {
  try {
    await fetch('/readyz', { cache: 'no-store' });
    return true;
  } catch (error) {
    return false;
  }
}

/** The servers that can take over, as this one names them. */
async function peers() {
  try {
    const answer = await fetch('/page/peers.json', { cache: 'no-store' });
    return answer.ok ? await answer.json() : [];
  } catch (error) {
    return []; // `connect` finds out why
  }
}

function forget() {
  remember('sessionStorage', SESSION_KEY, null);
  remember('sessionStorage', SERVER_KEY, null);
}
