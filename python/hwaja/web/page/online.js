/** The connection of the page, and what a person is told of it. */

import { SAMPLE_RATE, STTClient } from '../client/hwaja.js';
import { Emitter } from '../client/emitter.js';
import { TOKEN } from '../client/resumption.js';
import { typedCode } from './access-code.js';
import { adviceOn } from './advice.js';
import { timeOf } from './formats.js';
import { t } from './language.js';
import { OF_TAB, REMEMBERED } from './kept-voices.js';
import { recall, remember } from './memory.js';
import { isThere, serverSays } from './server.js';

/** What the page asks of a transcription. */
const WISHES = { interimResults: true, speakerUpdates: true };

/** And of one whose speakers the server is to find by their voices. */
const DISCOVERING = { ...WISHES, speakers: 'discover' };

/** Limits that end a session, where the client cannot go on in another. */
const LIMITS = ['session_limit', 'idle'];

/** States in which the server is sent what is heard. */
const HEARD = ['enrolling', 'transcribing'];

/** Where the token lies that leads back to the session, when this page is loaded anew, and to whom. */
const SESSION_KEY = 'hwaja.session';
const SERVER_KEY = 'hwaja.server';

/** Where it lies whether the speakers of its transcription are being found. */
const DISCOVERS_KEY = 'hwaja.discovers';

/**
 * Events: `consent`, with the operator's text or null; `state` of the client; `resumed`, where an earlier session goes on; `began`, where another
 * has begun; `over`, before a person ends the session; `gone`, where the voices are gone with it; and of the client `transcription`, `interim`, `speaker_update`, `failed`.
 */
export class Online extends Emitter {
  constructor(notices, status, token = null) {
    super();
    this._notices = notices;
    this._status = status;
    this._token = token;
    this._peers = null; // other servers that can take over
    /** How many voices the server enrols. */
    this.mostSpeakers = 2;
    this._lostSamples = 0; // of this session
    this._hotwords = []; // that the server is told
    /** The STTClient. */
    this.client = null;
    this.state = 'connecting';
    /** How far the conversation was before the page was loaded anew; null: it was not. */
    this.earlierProgress = null;
    /** Whether the server can be told words to expect. */
    this.takesHotwords = false;
    /** Whether the server finds the speakers of the last transcription by their voices. */
    this.discovers = recall('sessionStorage', DISCOVERS_KEY) !== null;
  }

  /** Connect, and find out why where that fails. */
  async connect() {
    this._notices.hide('connection');
    if (this._peers === null) await this._learnOfServer();
    this.client = this._newClient();
    try {
      const welcome = await this.client.connect({
        sessionToken: recall('sessionStorage', SESSION_KEY) || undefined,
        url: recall('sessionStorage', SERVER_KEY) || undefined,
        transcription: this._wishes,
        tickets: { ...REMEMBERED.tickets, ...OF_TAB.tickets },
        progress: this.earlierProgress,
      });
      this.earlierProgress = null;
      this._keep(welcome.session_token);
      this.takesHotwords = welcome.abilities !== undefined && welcome.abilities.hotwords;
      if (welcome.limits !== undefined) this.mostSpeakers = welcome.limits.max_speakers;
      this.emit(welcome.resumed ? 'resumed' : 'began', welcome);
    } catch (error) {
      if (error.reason === 'unreachable' && (await isThere())) this._ask();
      else this._explain(error);
    }
  }

  /** How far the conversation is. */
  get progress() {
    return this.client === null ? this.earlierProgress : this.client.progress;
  }

  /** Begin a transcription of enrolled voices, or one whose speakers the server finds. */
  startTranscription(discovers) {
    this.discovers = discovers;
    remember('sessionStorage', DISCOVERS_KEY, discovers ? 'yes' : null);
    return this.client.startTranscription(this._wishes);
  }

  get _wishes() {
    const wishes = this.discovers ? DISCOVERING : WISHES;
    return this._hotwords.length > 0 ? { ...wishes, hotwords: this._hotwords } : wishes;
  }

  /** Have the server expect words, in place of earlier ones, from now on. */
  async learn(hotwords) {
    this._hotwords = hotwords;
    if (this.state === 'transcribing') await this.client.updateTranscription({ hotwords });
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

  /** Learn which servers can take over, and what people are to agree to; `connect` finds out why not. */
  async _learnOfServer() {
    const { peers, consent } = await serverSays();
    this._peers = peers;
    this.emit('consent', consent);
  }

  /** End the session for good, and begin another. */
  async restart() {
    this._keep(null, null);
    this.emit('over');
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
    const options = { hello: true, ...(this._token === null ? {} : { token: this._token }) };
    this._lostSamples = 0;
    const client = new STTClient([`${scheme}//${location.host}/`, ...this._peers], options);
    for (const type of ['transcription', 'interim', 'speaker_update']) {
      client.on(type, (message) => this.emit(type, message));
    }
    client.on('state', (state) => this._show(state));
    client.on('error', (error) => this.emit('failed', error));
    client.on('reconnected', (welcome) => this._keep(welcome.session_token));
    client.on('roamed', (welcome) => {
      for (const kind of LIMITS) this._notices.hide(kind);
      this._keep(welcome.session_token);
      this.emit('roamed', welcome);
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
    client.on('lost', () => this._lost());
    return client;
  }

  /** The voices are gone. Another session has begun, unless the connection is closed, which is told too. */
  _lost() {
    if (this.state === 'closed') return;
    this._leave();
    this._notices.show('lost-session', 'notice.voices_lost');
    this.emit('began');
  }

  _closed(error) {
    if (error === null) return;
    this._keep(null, null);
    this._leave();
    if (error.reason !== 'unreachable') this._explain(error);
  }

  _explain(error) {
    const retry = { key: 'notice.retry', act: () => this.connect() };
    this._notices.show('connection', adviceOn(error), {}, [retry]);
  }

  /** Ask for the token that lets this page in. */
  _ask() {
    const labelKey = this._token === null ? 'token.label' : 'token.wrong';
    this._notices.ask('connection', labelKey, 'token.send', (text) => {
      this._token = typedCode(text);
      if (TOKEN.test(this._token)) this.connect();
      else this._ask();
    });
  }

  _keep(sessionToken, url = this.client.url) {
    remember('sessionStorage', SESSION_KEY, sessionToken);
    remember('sessionStorage', SERVER_KEY, url);
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
