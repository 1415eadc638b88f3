/** The conversation: starting and stopping it, showing it, taking it along. */

import { LEVEL_SECONDS } from '../client/level.js';
import { enable } from './ability.js';
import { Meter } from './meter.js';
import { clockOf } from './formats.js';
import { t } from './language.js';
import { adviceOn } from './advice.js';
import { ConversationView } from './conversation-view.js';
import { download } from './download.js';
import { FORMATS } from './exports.js';
import { SpeakersView } from './speakers-view.js';
import { Transcript, isStranger } from './transcript.js';
import { ScreenWakeLock } from './wake-lock.js';

export class Talking {
  constructor(parts, { online, listening, enrolling, people, notices }) {
    this._parts = parts;
    this._online = online;
    this._listening = listening;
    this._enrolling = enrolling;
    this._people = people;
    this._notices = notices;
    this._meter = new Meter(parts.level);
    this._transcript = new Transcript();
    this._speakers = new SpeakersView(parts.speakers, people);
    this._view = new ConversationView(parts, (entry) => this._nameOf(entry));
    this._isUnsaved = false;
    this._isTalking = false;
    this._isStopping = false;
    this._wakeLock = new ScreenWakeLock(document, navigator.wakeLock);
    this._follow();
    this._listen();
  }

  translate() {
    this._show();
    this._view.reset(this._transcript);
  }

  _follow() {
    const { _online: online } = this;
    online.on('transcription', (message) => this._take(message));
    online.on('interim', (message) => {
      this._transcript.overhear(message);
      this._view.overhear(this._transcript.interim);
    });
    online.on('speaker_update', (message) => {
      const entry = this._transcript.correct(this._known(message));
      if (entry !== null) this._view.change(entry);
      this._showSpeakers();
    });
    online.on('failed', (error) => this._tell(error));
    online.on('state', (state) => {
      // What is said while the connection is away is transcribed later.
      if (state !== 'reconnecting') this._talk(['transcribing', 'draining'].includes(state));
      this._show();
    });
    online.on('gone', () => {
      this._notices.hide('resumed');
      this._open({ setup: true, talk: this._transcript.entries.length > 0 });
    });
    online.on('resumed', ({ state }) => this._resume(state));
    this._enrolling.on('changed', () => {
      this._show();
      this._view.rename(this._transcript);
      if (this._enrolling.isComplete) this._notices.hide('lost-session');
    });
    this._listening.on('level', (level) => this._hear(level));
    this._listening.on('opened', () => this._notices.hide('resumed'));
  }

  _listen() {
    const { start, discover, toggle, again, exports } = this._parts;
    start.addEventListener('click', () => this._start(false));
    discover.addEventListener('click', () => this._start(true));
    toggle.addEventListener('click', () =>
      this._isTalking ? this._stop() : this._start(this._online.discovers)
    );
    again.addEventListener('click', () => this._again());
    for (const button of exports) {
      button.addEventListener('click', () => this._export(button.dataset.export));
    }
    window.addEventListener('beforeunload', (event) => {
      // The text is nowhere else.
      if (this._isUnsaved) {
        event.preventDefault();
        event.returnValue = '';
      }
    });
  }

  async _start(discovers) {
    if (!this._listening.isOpen && !(await this._listening.open())) return;
    try {
      await this._online.startTranscription(discovers);
      this._begin();
    } catch (error) {
      this._tell(error);
    }
  }

  _begin() {
    this._transcript.begin(this._online.discovers);
    this._heardSeconds = this._transcript.endSeconds;
    this._notices.hide('talk');
    this._notices.hide('lost-session');
    this._open({ setup: false, talk: true });
    this._parts.log.focus();
    this._view.begin();
  }

  async _stop() {
    this._isStopping = true;
    this._show();
    try {
      await this._online.client.stopTranscription();
    } catch (error) {
      this._tell(error);
    }
    this._isStopping = false;
    this._show();
  }

  /** A transcription goes on, or none does, however it ended. */
  _talk(isTalking) {
    this._isTalking = isTalking;
    this._wakeLock.want(isTalking);
    if (isTalking) return;
    this._transcript.end();
    this._view.end();
  }

  async _again() {
    const question = this._enrolling.hasKept ? 'talk.again.sure.kept' : 'talk.again.sure';
    if (this._isUnsaved && !window.confirm(t(question))) return;
    this._transcript = new Transcript();
    this._isUnsaved = false;
    this._people.startOver();
    this._view.reset(this._transcript);
    await this._online.restart();
  }

  /** A session that was there before the page was loaded goes on. */
  _resume(state) {
    if (state !== 'transcribing') return;
    this._begin();
    this._notices.show('resumed', 'notice.resumed', {}, {
      key: 'notice.resume',
      act: () => this._listening.open(),
    });
  }

  _take(message) {
    const entry = this._transcript.take(this._known(message));
    this._isUnsaved = true;
    this._notices.hide('export');
    this._view.add(entry);
    this._showSpeakers();
    this._view.overhear(this._transcript.interim);
  }

  /** A message with the person whom its speaker is. */
  _known(message) {
    return { ...message, speaker_id: this._people.hear(message.speaker_id) };
  }

  _tell(error) {
    if (error.code === 'TRANSCRIPTION_FAILED') this._notices.show('talk', adviceOn(error));
  }

  _hear(level) {
    if (!this._isTalking) return;
    this._meter.show(level);
    this._heardSeconds = Math.max(this._heardSeconds + LEVEL_SECONDS, this._transcript.endSeconds);
    this._parts.clock.textContent = clockOf(this._heardSeconds);
  }

  _open(shown) {
    const { setup, talk, controls } = this._parts;
    setup.hidden = !shown.setup;
    talk.hidden = controls.hidden = !shown.talk;
    this._show();
  }

  _show() {
    const { start, startHint, without, discover, toggle, again, level } = this._parts;
    const isReady = this._online.state === 'ready';
    const isComplete = this._enrolling.isComplete;
    const canStart = isReady && (isComplete || this._online.discovers);
    enable(start, isReady && isComplete);
    enable(discover, isReady);
    startHint.hidden = without.hidden = isComplete;
    toggle.textContent = t(this._isTalking ? 'talk.stop' : 'talk.continue');
    enable(toggle, this._isTalking ? !this._isStopping : canStart);
    again.hidden = this._isTalking;
    level.hidden = !this._isTalking;
    if (!this._isTalking) this._meter.show(null);
    this._showSpeakers();
  }

  /** Everybody who is known to have spoken, and those with cards where they are enrolled. */
  _showSpeakers() {
    const spoken = this._transcript.entries.filter((entry) => !isStranger(entry));
    const persons = new Set(spoken.map(({ speakerId }) => speakerId));
    if (!this._online.discovers) for (const { speakerId } of this._enrolling.cards) persons.add(speakerId);
    this._speakers.show([...persons].sort((one, other) => one - other));
  }

  _export(format) {
    const { entries } = this._transcript;
    if (entries.length === 0) {
      this._notices.show('export', 'export.empty');
      return;
    }
    const { type, write } = FORMATS[format];
    const text = write(entries, (entry) => this._nameOf(entry));
    const began = entries[0].timestamp.slice(0, 16).replace(/[:T]/g, '-');
    download(text, type, `hwaja-${began}.${format}`);
    this._isUnsaved = false;
  }

  _nameOf(entry) {
    if (!isStranger(entry)) return this._people.nameOf(entry.speakerId);
    return t(entry.isOfFound ? 'voice.unsure' : 'voice.stranger');
  }
}
