/** The client of the protocol: enrols voices, sends a conversation, tells what is answered. */

import { defined, fieldsOf } from './arguments.js';
import { formatOf } from './audio-format.js';
import { AudioStore } from './audio-store.js';
import { Belongings } from './belongings.js';
import { CLOCK } from './clock.js';
import { Deferred } from './deferred.js';
import { Dialogue } from './dialogue.js';
import { Emitter } from './emitter.js';
import { CLOSED, LOST, NO_TOKEN, STTError, UNREACHABLE, misplaced } from './errors.js';
import { Link } from './link.js';
import { Outcome } from './outcome.js';
import { SAMPLE_RATE } from './pcm.js';
import { ENROLMENT, RESTORATION, TRANSCRIPTION } from './phase.js';
import { Requests } from './requests.js';
import { RESUME_SECONDS, TOKEN } from './resumption.js';
import { Sender } from './sender.js';
import { Takeover } from './takeover.js';

/** Audio that is kept, unsent or unconfirmed: as much as is spoken while a session is kept. */
const KEPT_SAMPLES = RESUME_SECONDS * SAMPLE_RATE;

/** What a server may have taken and not answered: as much as its ring of audio holds. */
const UNANSWERED_SAMPLES = 32 * SAMPLE_RATE;

/** One session with a server. hwaja.d.ts describes every option, event and error. */
export class STTClient extends Emitter {
  /** @throws {TypeError} where `url` is no address of a WebSocket, or `options.token` no token */
  constructor(url, options = {}) {
    super();
    const urls = Array.isArray(url) ? url : [url];
    const isAddress = (each) => /^wss?:$/.test(new URL(each).protocol);
    if (urls.length === 0 || !urls.every(isAddress)) throw new TypeError('It begins with wss:// or ws://.');
    const { token = null, details = true, resume = true, renew = true, hello = false } = options;
    const isToken = token === null || typeof token === 'function' || TOKEN.test(token);
    if (!isToken) throw new TypeError('A token has letters, digits or -._~+ and nothing else.');
    const { WebSocket = globalThis.WebSocket, clock = CLOCK, random = Math.random } = options;
    this._details = details;
    this._renews = renew;
    this._roams = Array.isArray(url) && resume;
    this._belongings = new Belongings();
    this._link = new Link(
      { urls, roams: this._roams, token, resume, hello, WebSocket, clock, random },
      {
        welcomed: (message, isResumed) => this._welcomed(message, isResumed),
        message: (message) => this._take(message),
        away: (code) => this._away(code),
        closed: (code, isLost) => this._closed(code, isLost),
      }
    );
    this._takeover = new Takeover(this._link, this._belongings, this._roams, {
      done: (welcome) => this._roamed(welcome),
      lost: () => this._lost(),
    });
    const keptSamples = KEPT_SAMPLES + (this._roams ? UNANSWERED_SAMPLES : 0);
    this._dialogue = new Dialogue(new AudioStore(keptSamples, this._roams), renew && details);
    this._requests = new Requests();
    this._sender = new Sender(this._dialogue, this._requests, this._link, clock);
    this._connected = new Deferred();
    this._outcome = new Outcome(); // of what is going on
    this._adopted = {}; // fields of the transcription that an earlier page began
    this._closingError = null; // what the server said before it closed
    this.state = 'idle';
  }

  /**
   * Connect; resolves with the server's `model_loaded`.
   *
   * @param {object} [options]
   * @param {string} [options.sessionToken] of a session that an earlier page had
   * @param {string} [options.url] the `url` of that page's client, one of those of this one
   * @param {object} [options.transcription] what it asked of the transcription that may go on
   * @param {object} [options.tickets] of voices of that session, by speaker, as far as they are known
   * @param {object} [options.progress] the `progress` of that page's client
   */
  async connect({ sessionToken, url, transcription = {}, tickets = {}, progress = null } = {}) {
    if (this.state !== 'idle' && this.state !== 'closed') throw misplaced('CONNECTION_FAILED');
    this._belongings.forget();
    this._keptTickets = tickets;
    this._takeover.drop();
    this._link.open(sessionToken, url, progress === null ? 0 : progress.lastNumber);
    this._adopted = this._asked(transcription);
    this._adoptedTimeline = progress === null ? null : progress.timeline;
    this._connected = new Deferred();
    this._outcome.forgetFailure();
    this._closingError = null;
    this._show('connecting');
    return this._connected.asked();
  }

  /** The address where the session is. */
  get url() {
    return this._link.url;
  }

  /** How far the conversation is, for the client of a page that is loaded anew; can be written as JSON. */
  get progress() {
    return { lastNumber: this._link.lastNumber, timeline: this._dialogue.timeline };
  }

  /** Begin to enrol a voice: what is sent from now on is that of `speakerId`. */
  async startSpeakerRegistration(speakerId, { add, quality, ticket, audio } = {}) {
    const options = { add, quality, ticket: this._roams || ticket, audio: formatOf(audio) };
    return this._begin(ENROLMENT, { speaker_id: speakerId, ...options });
  }

  /** The voice has been sent; resolves once it is enrolled. */
  completeSpeakerRegistration(speakerId) {
    return this._end(ENROLMENT, speakerId);
  }

  /** Enrol the voice of a ticket, without speech; resolves once it is enrolled. */
  async restoreSpeaker(speakerId, ticket, { quality } = {}) {
    this._open(RESTORATION, { speaker_id: speakerId, ticket, quality });
    this._belongings.offer(speakerId, ticket);
    return this._outcome.ended();
  }

  /** Begin a transcription: what is sent from now on is the conversation. */
  async startTranscription(options = {}) {
    return this._begin(TRANSCRIPTION, this._asked(options));
  }

  /** Have everything answered that was sent; resolves with the server's figures. */
  stopTranscription() {
    return this._end(TRANSCRIPTION);
  }

  /** Give a speaker a name, at any time; resolves once the server has it. */
  async nameSpeaker(speakerId, name) {
    return this._request('name', { speaker_id: speakerId, name }, 'SPEAKER_NAMING_FAILED');
  }

  /** Let others read along by a link, at any time; resolves with `{token, key, link}`. */
  async share({ key } = {}) {
    const shared = await this._request('share', defined({ key }), 'CONNECTION_FAILED');
    const { host } = new URL(this.url);
    const scheme = this.url.startsWith('wss:') ? 'https:' : 'http:';
    return { token: shared.token, key: shared.key, link: `${scheme}//${host}/subtitles#${shared.token}` };
  }

  /** End the link; resolves once nobody reads along any more. */
  async stopSharing() {
    await this._request('share', { end: true }, 'CONNECTION_FAILED');
  }

  /** The turn is over: resolves once all audio so far is answered, without waiting for a pause. */
  finalize() {
    return this._ask({ type: 'finalize' });
  }

  /** Go on with other options, from the next utterance on; resolves once the server has them. */
  updateTranscription(options = {}) {
    return this._ask({ type: 'update_transcription', ...defined(fieldsOf(options)) });
  }

  /** Have the audio ignored that is sent from now on. */
  pauseTranscription() {
    return this._ask({ type: 'pause_transcription' });
  }

  /** Have the audio heard again that is sent from now on. */
  resumeTranscription() {
    return this._ask({ type: 'resume_transcription' });
  }

  /** Tell the server that this client is still there, although it sends nothing. */
  async keepAlive() {
    if (this._dialogue.phase !== null && this._dialogue.phase.kind === TRANSCRIPTION) {
      await this._ask({ type: 'keep_alive' });
    } else if (this._link.isOnline) {
      this._link.send({ type: 'keep_alive' });
    }
  }

  /**
   * Send audio; outside of an enrolment or a transcription it is dropped.
   *
   * @param {Int16Array|Float32Array|Uint8Array|ArrayBuffer} audio as the start said; copied
   * @returns {Promise<void>} resolves once there is room for more
   * @throws {TypeError} for what is not encoded so: PCM16 with an odd number of bytes, a WAV file
   */
  async sendAudio(audio) {
    const { phase } = this._dialogue;
    if (phase === null) return;
    this._reportLoss(phase.append(audio));
    this._sender.pump();
    await this._sender.room();
  }

  /** End the session; resolves once the connection is closed. */
  async close() {
    if (this.state === 'idle' || this.state === 'closed') return;
    const closing = this._link.close();
    this._closingError = null;
    this._closed(1000, false);
    await closing;
  }

  // what is asked for

  async _request(kind, fields, code) {
    if (!this._isConnected) throw misplaced(code);
    const answer = this._requests[kind](fields);
    this._sender.pump();
    return answer;
  }

  async _begin(kind, fields) {
    this._open(kind, fields);
    return this._outcome.started();
  }

  _open(kind, fields) {
    if (!this._mayBegin(kind)) throw misplaced(kind.failed);
    this._dialogue.begin(kind, this._detailed(fields));
    this._outcome.begin();
    this._show();
    this._sender.pump();
  }

  /** Ask for something behind the audio so far. */
  async _ask(fields) {
    const { phase } = this._dialogue;
    if (phase === null || phase.kind !== TRANSCRIPTION || phase.isEnding) {
      throw misplaced(TRANSCRIPTION.failed);
    }
    const answer = phase.ask(fields);
    this._sender.pump();
    return answer.asked();
  }

  /** What an earlier page began goes on. */
  _adopt(receivedSamples) {
    this._dialogue.adopt(this._detailed(this._adopted), receivedSamples, this._adoptedTimeline);
    this._outcome.adopt();
  }

  /** Fields of `start_transcription`. */
  _asked(options) {
    return { ...fieldsOf(options), ...(this._roams && { answered_samples: true, tickets: true }) };
  }

  _detailed(fields) {
    return this._details ? { ...fields, details: true } : fields;
  }

  /** One at a time; but an enrolment may be begun anew while it is being heard. */
  _mayBegin(kind) {
    const { phase } = this._dialogue;
    if (!this._isConnected) return false;
    if (phase === null) return true;
    return kind === ENROLMENT && phase.kind === ENROLMENT && phase.isStarted && !phase.isEnding;
  }

  get _isConnected() {
    return !['idle', 'connecting', 'closed'].includes(this.state);
  }

  async _end(kind, speakerId) {
    const { phase } = this._dialogue;
    this._outcome.check(kind, speakerId);
    if (phase === null || !phase.is(kind, speakerId) || phase.isEnding) throw misplaced(kind.failed);
    phase.end();
    this._show();
    this._sender.pump();
    return this._outcome.ended();
  }

  // what the server says

  _welcomed(message, isResumed) {
    this._dialogue.isConfirmed = message.session_token !== undefined;
    if (this.state === 'connecting') {
      this._belongings.know(message.speaker_ids || [], this._keptTickets);
      if (['transcribing', 'paused'].includes(message.state)) this._adopt(message.received_samples);
      this._connected.resolve(message);
      this._show();
      this.emit('model_loaded', message);
    } else if (isResumed) {
      if (this._dialogue.phase !== null) this._dialogue.phase.resume(message);
      this._requests.resume();
      this._show();
      this.emit('reconnected', message);
    } else {
      this._takeover.begin(message);
    }
    this._sender.pump();
  }

  /** Another session has begun, without the voices. */
  _lost() {
    const error = new STTError(LOST);
    this._drop(error);
    this._show();
    this.emit('lost', error);
  }

  /** Another session has the voices: send what is not answered. */
  _roamed(welcome) {
    this._closingError = null;
    this._requests.resume();
    const { withdrawn, lostSamples } = this._dialogue.beginAnew();
    this._show();
    withdrawn.forEach((message) => this.emit('interim', message));
    this._reportLoss(lostSamples);
    this.emit('roamed', welcome);
    this._sender.pump();
  }

  _take(received) {
    if (this._takeover.isRunning) {
      this._takeover.take(received);
      this._sender.pump();
      return;
    }
    if (this._canRenew && received.reason === 'session_limit') {
      this._takeover.renewBefore(received);
      return;
    }
    this._belongings.take(received);
    this._requests.take(received);
    if (received.code === 'SPEAKER_NAMING_FAILED') return;
    const { phase } = this._dialogue;
    const { meaning, message, lostSamples } = this._dialogue.take(received);
    if (message.code === 'CONNECTION_FAILED') this._closingError = message;
    this._outcome.take(meaning, message, phase); // first: a listener may ask for something else
    this._show();
    this._reportLoss(lostSamples);
    this._tell(meaning, message);
    this._sender.pump();
  }

  /** Whether another session can take over from one that has lasted as long as it may. */
  get _canRenew() {
    const isUsed = this._dialogue.phase !== null || this._belongings.count > 0;
    return this._roams && this._renews && isUsed && this._belongings.areComplete;
  }

  _tell(meaning, message) {
    if (meaning === 'renewed') {
      this.emit('renewed', { offsetSeconds: this._dialogue.offsetSeconds });
    } else if (message.type !== 'error') {
      if (meaning !== 'crossed') this.emit(message.type, message);
    } else if (meaning === 'failed') {
      if (this._outcome.error !== null) this.emit('error', this._outcome.error);
    } else if (meaning === 'passing' && message.code !== 'CONNECTION_FAILED') {
      this.emit('error', new STTError(message));
    }
  }

  // the connection

  _away(code) {
    this._takeover.drop();
    this._show('reconnecting');
    this.emit('reconnecting', { code });
  }

  _closed(code, isLost) {
    const isOwn = code === 1000 && this._closingError === null;
    const unreachable = this._link.lacksToken ? NO_TOKEN : UNREACHABLE;
    const why = this.state === 'connecting' && !isOwn ? unreachable : CLOSED;
    const error = new STTError(isLost ? LOST : this._closingError || why, code);
    this._connected.reject(error);
    this._drop(error);
    this._show('closed');
    if (isLost) this.emit('lost', error);
    this.emit('closed', { code, error: isOwn ? null : error });
  }

  _drop(error) {
    if (this._dialogue.phase !== null) this._dialogue.phase.commands.reject(error);
    this._dialogue.forget();
    this._belongings.forget();
    this._takeover.drop();
    this._outcome.reject(error);
    this._requests.forget(error);
    this._sender.pump();
  }

  _show(state = this._stateOnline) {
    if (state === this.state) return;
    this.state = state;
    this.emit('state', state);
  }

  get _stateOnline() {
    const { phase } = this._dialogue;
    if (!this._link.isOnline) return this.state;
    return phase === null ? 'ready' : phase.state;
  }

  _reportLoss(lostSamples) {
    if (lostSamples > 0) this.emit('overrun', { lostSamples });
  }
}
