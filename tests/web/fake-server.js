/**
 * A server of the protocol that hears what arrives, sample for sample, and loses connections when a
 * test wants it to. It answers at once, one utterance for each second of audio.
 */

import { once } from 'node:events';
import { randomBytes } from 'node:crypto';

import { WebSocketServer } from 'ws';

import { joined } from './signals.js';

const FRAME_SAMPLES = 512;
const SECOND_SAMPLES = 16_000;

/** One session; it outlives its connections. */
class Session {
  constructor(server) {
    this._server = server;
    this._sent = []; // numbered messages
    this._tokens = [];
    this.state = 'ready';
    this.speakerIds = new Set();
    this.totalSamples = 0; // heard in all
    this.heard = []; // of each enrolment and transcription: what started it, and its audio
  }

  get current() {
    return this.heard[this.heard.length - 1];
  }

  issue(used) {
    this._tokens = [used, randomBytes(8).toString('hex')];
    return this._tokens[1];
  }

  isOwnedBy(token) {
    return this._tokens.includes(token);
  }

  greet(socket, used) {
    const isBack = this.socket !== undefined;
    this.isBack = isBack;
    if (isBack) this.socket.terminate();
    this.socket = socket;
    this.resumes = used !== null;
    const greeting = { type: 'model_loaded', message: '' };
    if (this.resumes) Object.assign(greeting, { session_token: this.issue(used), resumed: isBack });
    if (isBack) {
      const listening = ['enrolling', 'transcribing', 'paused'].includes(this.state);
      const received = listening ? this.current.received : 0;
      Object.assign(greeting, {
        state: this.state,
        speaker_ids: [...this.speakerIds],
        received_samples: received,
      });
    }
    this._write(greeting);
    this._sent.forEach((message) => this._write(message));
  }

  say(type, fields = {}) {
    const message = { type, ...fields };
    if (this.resumes) message.number = this._sent.length + 1;
    this._sent.push(message);
    this._write(message);
  }

  _write(message) {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
  }

  fail(code, reason, fields = {}) {
    this.say('error', { code, reason, message: reason, ...fields });
  }

  take(message) {
    const { type, speaker_id: speakerId } = message;
    if (type === 'start_speaker_registration') {
      if (this.state === 'transcribing') this.fail('SPEAKER_REGISTRATION_FAILED', 'wrong_state');
      else this._listen('enrolling', message, 'speaker_registration_started', { speaker_id: speakerId });
    } else if (type === 'complete_speaker_registration') {
      this._complete(speakerId);
    } else if (type === 'restore_speaker') {
      this._restore(message);
    } else if (type === 'start_transcription') {
      if (this.state !== 'ready') this.fail('TRANSCRIPTION_FAILED', 'wrong_state');
      else if (this.speakerIds.size < 2) this.fail('TRANSCRIPTION_FAILED', 'not_enrolled');
      else this._listen('transcribing', message, 'transcription_started');
    } else if (type === 'stop_transcription') {
      this._stop();
    } else if (type === 'finalize') {
      this._finalize(message.request_id);
    } else if (/^(update|pause|resume)_transcription$/.test(type)) {
      this._change(message);
    }
  }

  _change({ type, request_id, language }) {
    const { received } = this.current;
    if (!['transcribing', 'paused'].includes(this.state)) {
      this.fail('TRANSCRIPTION_FAILED', 'wrong_state', { request_id });
    } else if (type === 'update_transcription') {
      if (language === 'xx') this.fail('TRANSCRIPTION_FAILED', 'language_unsupported', { request_id });
      else this.say('transcription_updated', { request_id });
    } else {
      const isPause = type === 'pause_transcription';
      this.state = isPause ? 'paused' : 'transcribing';
      this.say(`transcription_${isPause ? 'paused' : 'resumed'}`, { received_samples: received, request_id });
    }
  }

  _finalize(request_id) {
    const { received } = this.current;
    if (this.state !== 'transcribing') {
      this.fail('TRANSCRIPTION_FAILED', 'wrong_state', { request_id });
      return;
    }
    const place = `${received} ${request_id}`;
    const isRepeated = this.isBack && place === this.finalized;
    this.finalized = place;
    if (!isRepeated) this.say('finalized', { received_samples: received, request_id });
  }

  _listen(state, started, answer, fields) {
    this.state = state;
    this.heard.push({ started, chunks: [], received: 0, told: 0, answered: 0 });
    this.say(answer, fields);
  }

  _complete(speakerId) {
    const fields = { speaker_id: speakerId };
    if (this.state !== 'enrolling') {
      this.fail('SPEAKER_REGISTRATION_FAILED', 'wrong_state', fields);
      return;
    }
    this.state = 'ready';
    if (this.current.received === 0) {
      this.fail('SPEAKER_REGISTRATION_FAILED', 'no_audio', fields);
    } else {
      this.speakerIds.add(speakerId);
      if (this.current.started.ticket) fields.ticket = `${this._server.key}-${speakerId}`;
      this.say('speaker_registration_completed', fields);
    }
  }

  _restore({ speaker_id: speakerId, ticket }) {
    const fields = { speaker_id: speakerId };
    if (ticket !== `${this._server.key}-${speakerId}`) {
      this.fail('SPEAKER_REGISTRATION_FAILED', 'ticket_foreign', fields);
    } else {
      this.speakerIds.add(speakerId);
      this.say('speaker_registration_completed', fields);
    }
  }

  _stop() {
    if (this.state !== 'transcribing') {
      this.fail('TRANSCRIPTION_FAILED', 'wrong_state');
      return;
    }
    this.state = 'ready';
    const audio_seconds = this.current.received / SECOND_SAMPLES;
    this.say('transcription_stopped', { audio_seconds, utterances: this.current.answered });
  }

  hear(samples) {
    if (!['enrolling', 'transcribing', 'paused'].includes(this.state)) return;
    const current = this.current;
    current.chunks.push(samples);
    current.received += samples.length;
    const whole = current.received - (current.received % FRAME_SAMPLES);
    while (this.state === 'transcribing' && current.answered < Math.floor(whole / SECOND_SAMPLES)) {
      this._answer(current.answered++);
    }
    if (this.resumes && whole - current.told >= SECOND_SAMPLES) {
      current.told = whole;
      const told = { type: 'audio_received', received_samples: whole };
      if (current.started.answered_samples) told.answered_samples = current.answered * SECOND_SAMPLES;
      this._write(told);
    }
    if (this.state === 'transcribing' && whole >= this._server.maxAudioSamples) this._limit(whole);
    this._endSoon(samples.length);
  }

  _answer(second) {
    this.say('transcription', {
      speaker_id: second % 2,
      text: `second ${second}`,
      timestamp: new Date(1_755_754_200_000 + 1000 * second).toISOString(),
      confidence: -30,
      segment_id: second,
      start_seconds: second,
      end_seconds: second + 1,
      tokens: [{ text: 'second', start_seconds: second + 0.25 }],
      ...(this.current.started.answered_samples && {
        answered_samples: (second + 1) * SECOND_SAMPLES,
      }),
    });
  }

  /** The session has its limit too: it is warned of, and ends whether or not the client has gone. */
  _endSoon(samples) {
    const { warnAtSamples, maxSessionSamples } = this._server;
    const before = this.totalSamples;
    this.totalSamples += samples;
    const passes = (bound) => before < bound && this.totalSamples >= bound;
    if (passes(warnAtSamples)) this.say('limit_warning', { reason: 'session_limit', seconds_left: 1 });
    if (!passes(maxSessionSamples)) return;
    this.fail('CONNECTION_FAILED', 'session_limit');
    this.state = 'ready';
    this.socket.close(1000);
  }

  /** What came behind the last whole frame is not taken. */
  _limit(whole) {
    this.state = 'ready';
    const current = this.current;
    current.chunks = [joined(current.chunks, Int16Array).subarray(0, whole)];
    this.fail('TRANSCRIPTION_FAILED', 'audio_limit', { received_samples: whole });
  }

  /** What was heard of all that began like this. */
  audio(type, fields = {}) {
    const alike = ({ started }) =>
      started.type === type && Object.keys(fields).every((key) => started[key] === fields[key]);
    return joined(this.heard.filter(alike).flatMap(({ chunks }) => chunks), Int16Array);
  }
}

export class FakeServer {
  constructor() {
    this.sessions = [];
    this.offered = []; // subprotocols of each connection
    this.maxAudioSamples = Infinity;
    this.warnAtSamples = Infinity;
    this.maxSessionSamples = Infinity;
    this.key = 'key'; // of voice tickets
    /** Called before and after each message is taken; true loses the connection there. */
    this.isCut = () => false;
  }

  async start() {
    this._listener = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'hwaja' });
    this._listener.on('connection', (socket, request) => this._seat(socket, request));
    await once(this._listener, 'listening');
    this.url = `ws://127.0.0.1:${this._listener.address().port}`;
    return this;
  }

  stop() {
    this._listener.clients.forEach((socket) => socket.terminate());
    this._listener.close();
  }

  /** Forget all sessions, as one that is started anew. */
  forget() {
    this.sessions = [];
  }

  /** Be killed, and started anew at once. */
  die() {
    this.forget();
    this._listener.clients.forEach((socket) => socket.terminate());
  }

  _seat(socket, request) {
    const header = request.headers['sec-websocket-protocol'] || '';
    const offered = header.split(',').map((name) => name.trim());
    this.offered.push(offered);
    const wish = offered.find((name) => name.startsWith('hwaja.resume'));
    const token = wish === undefined ? null : wish.slice('hwaja.resume.'.length);
    let session = this.sessions.find((each) => token && each.isOwnedBy(token));
    if (session === undefined) {
      session = new Session(this);
      this.sessions.push(session);
    }
    socket.on('message', (data, isBinary) => this._take(session, socket, data, isBinary));
    session.greet(socket, token);
  }

  _take(session, socket, data, isBinary) {
    if (session.socket !== socket || socket.isCut) return;
    socket.isCut = this.isCut('before', session);
    if (!socket.isCut) {
      if (isBinary) session.hear(new Int16Array(Uint8Array.from(data).buffer));
      else session.take(JSON.parse(data.toString()));
      socket.isCut = this.isCut('after', session);
    }
    if (socket.isCut) socket.terminate();
  }
}
