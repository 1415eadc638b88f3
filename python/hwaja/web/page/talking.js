/** The conversation: starting and stopping it, showing it, taking it along. */

import { Emitter } from '../client/emitter.js';
import { LEVEL_SECONDS } from '../client/level.js';
import { enable } from './ability.js';
import { Meter } from './meter.js';
import { clockOf } from './formats.js';
import { t } from './language.js';
import { adviceOn } from './advice.js';
import { Another } from './another.js';
import { ConversationView } from './conversation-view.js';
import { Correcting } from './correcting.js';
import { openDialog } from './dialogs.js';
import { Exporting } from './exporting.js';
import { showKeys } from './help.js';
import { Learning } from './learning.js';
import { Searching } from './searching.js';
import { SpeakersView } from './speakers-view.js';
import { Transcript, isStranger } from './transcript.js';
import { ScreenWakeLock } from './wake-lock.js';

/** Events: `changed`, where the transcript has; `settled`, where it is in a file or was put away. */
export class Talking extends Emitter {
  constructor(parts, { online, listening, enrolling, people, notices, consent }) {
    super();
    this._parts = parts;
    this._online = online;
    this._listening = listening;
    this._enrolling = enrolling;
    this._people = people;
    this._notices = notices;
    this._consent = consent;
    this._meter = new Meter(parts.level);
    this._speakers = new SpeakersView(parts.speakers, people);
    this._view = new ConversationView(parts, (entry) => this._nameOf(entry));
    this._correcting = new Correcting(parts, this._view, {
      persons: () => this._persons(),
      nameOf: (person) => (person === null ? this._strangerName(online.discovers) : people.nameOf(person)),
    });
    this._searching = new Searching(parts, this._view, this._correcting);
    this._learning = new Learning(parts, online, notices, () => this._known());
    this._exporting = new Exporting(
      parts,
      { entries: () => this._transcript.entries, nameOf: (entry) => this._nameOf(entry) },
      () => {
        this.isUnsaved = false;
        this.emit('settled');
      }
    );
    this._another = new Another(parts, { online, enrolling, people, notices }, {
      hasText: () => !this.isEmpty,
      isUnsaved: () => this.isUnsaved,
      swap: (conversation) => this._swap(conversation),
    });
    /** Whether something was said that is in no file. */
    this.isUnsaved = false;
    this._isTalking = false;
    this._heardSeconds = 0;
    this._isStopping = false;
    this._wakeLock = new ScreenWakeLock(document, navigator.wakeLock);
    this._beginTranscript(new Transcript());
    this._follow();
    this._listen();
  }

  /** Whether nothing was said. */
  get isEmpty() {
    return this._transcript.entries.length === 0;
  }

  /** The conversation as far as it is answered; can be written as JSON. */
  get state() {
    const { _transcript: transcript, isUnsaved, _heardSeconds: heardSeconds } = this;
    return { transcript: transcript.state, isUnsaved, heardSeconds };
  }

  /** Go on with what was `state`, before the page was loaded anew. */
  restore({ transcript, isUnsaved, heardSeconds }) {
    this._swap({ transcript: Transcript.from(transcript), isUnsaved });
    this._heardSeconds = heardSeconds;
    this._parts.clock.textContent = clockOf(heardSeconds);
  }

  translate() {
    this._show();
    this._view.refresh(this._transcript);
    this._view.following.follow();
    this._correcting.show();
    this._searching.update();
    this._learning.update();
    showKeys(this._parts.keys);
  }

  _beginTranscript(transcript) {
    this._transcript = transcript;
    this._correcting.begin(transcript);
    this._view.reset(transcript);
    this._searching.begin(transcript);
    this._learning.update();
    this._heardSeconds = transcript.endSeconds;
    this._parts.clock.textContent = clockOf(this._heardSeconds);
  }

  /** Show another conversation, or none; returns the one that was shown. */
  _swap(conversation) {
    const shown = { transcript: this._transcript, isUnsaved: this.isUnsaved };
    const { transcript, isUnsaved } = conversation || { transcript: new Transcript(), isUnsaved: false };
    this._beginTranscript(transcript);
    this.isUnsaved = isUnsaved;
    this._open({ setup: !this._isReadyToTalk, talk: true });
    if (conversation !== null) this._parts.talk.scrollIntoView();
    this.emit(conversation === null ? 'settled' : 'changed');
    return shown;
  }

  /** Whether the voices are there, or need not be. */
  get _isReadyToTalk() {
    return this._enrolling.isProvided || this._online.discovers;
  }

  _follow() {
    const { _online: online } = this;
    online.on('transcription', (message) => this._take(message));
    online.on('interim', (message) => {
      this._transcript.overhear(message);
      this._view.overhear(this._transcript.interim);
    });
    online.on('speaker_update', (message) => {
      for (const entry of this._transcript.correct(this._ofPerson(message))) this._view.change(entry);
      this._correcting.show();
      this._showSpeakers();
      this.emit('changed');
    });
    online.on('failed', (error) => this._tell(error));
    online.on('state', (state) => {
      // What is said while the connection is away is transcribed later.
      if (state !== 'reconnecting') this._talk(['transcribing', 'draining'].includes(state));
      this._show();
    });
    online.on('gone', () => {
      this._notices.hide('resumed');
      if (this.isEmpty || !this._isReadyToTalk) this._openSetup();
    });
    online.on('resumed', ({ state }) => this._resume(state));
    this._enrolling.on('restored', () => {
      if (!this._isReadyToTalk) this._openSetup();
    });
    this._enrolling.on('changed', () => {
      this._show();
      this._view.rename(this._transcript);
      this._correcting.show();
      if (this._enrolling.isComplete) this._notices.hide('lost-session');
    });
    this._people.on('told', () => this._learning.update());
    this._listening.on('level', (level) => this._hear(level));
    this._listening.on('opened', () => this._notices.hide('resumed'));
  }

  _listen() {
    const { start, discover, toggle, voicesOpen, help, helpOpen } = this._parts;
    start.addEventListener('click', () => this._start(false));
    discover.addEventListener('click', () => this._start(true));
    toggle.addEventListener('click', () =>
      this._isTalking ? this._stop() : this._start(this._online.discovers)
    );
    voicesOpen.addEventListener('click', () => this._showVoices());
    this._correcting.on('changed', () => {
      this.isUnsaved = true;
      this._showSpeakers();
      this._searching.update();
      this._learning.update();
      this.emit('changed');
    });
    this._correcting.on('wanted', (what) => (what === 'search' ? this._searching.open() : openDialog(help)));
    helpOpen.addEventListener('click', () => openDialog(help));
  }

  async _start(discovers) {
    if (!this._listening.isOpen && !(await this._listening.open())) return;
    this._transcript.begin(discovers);
    try {
      await this._online.startTranscription(discovers);
      this._begin();
    } catch (error) {
      this._learning.refuse(error);
      this._tell(error);
    }
  }

  _begin() {
    this._notices.hide('talk');
    this._notices.hide('lost-session');
    this._another.begin();
    this._open({ setup: false, talk: true });
    this._learning.update();
    this._parts.log.focus();
    this._view.following.begin();
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

  /** Show the voices above the conversation, to record another or one again. */
  _showVoices() {
    this._openSetup();
    this._parts.setupTitle.focus();
  }

  /** A session that was there before the page was loaded goes on. */
  _resume(state) {
    if (state !== 'transcribing') {
      if (!this.isEmpty) this._open({ setup: !this._isReadyToTalk, talk: true });
      return;
    }
    if (this.isEmpty) this._transcript.begin(this._online.discovers);
    this._begin();
    const goOn = { key: 'notice.resume', act: () => this._listening.open() };
    this._notices.show('resumed', 'notice.resumed', {}, [goOn]);
  }

  _take(message) {
    const entry = this._transcript.take(this._ofPerson(message));
    this.isUnsaved = true;
    this._view.add(entry);
    this._showSpeakers();
    this._correcting.show();
    this._searching.update();
    this._view.overhear(this._transcript.interim);
    this.emit('changed');
  }

  /** A message with the person whom its speaker is. */
  _ofPerson(message) {
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

  _openSetup() {
    this._open({ setup: true, talk: !this.isEmpty });
  }

  _open(shown) {
    const { setup, talk, controls } = this._parts;
    setup.hidden = !shown.setup;
    talk.hidden = controls.hidden = !shown.talk;
    this._show();
  }

  _show() {
    const { start, startHint, without, discover, toggle, again, fresh, voicesOpen, setup, level } = this._parts;
    const isReady = this._online.state === 'ready';
    const isComplete = this._enrolling.isComplete;
    const canStart = isReady && (isComplete || this._online.discovers);
    enable(start, isReady && isComplete);
    enable(discover, isReady && this._consent.isGiven);
    startHint.hidden = without.hidden = isComplete;
    const goOn = this.isEmpty ? 'talk.start' : 'talk.continue';
    toggle.textContent = t(this._isTalking ? 'talk.stop' : goOn);
    enable(toggle, this._isTalking ? !this._isStopping : canStart);
    again.hidden = this._isTalking;
    fresh.hidden = this._isTalking || this.isEmpty;
    voicesOpen.hidden = this._isTalking || !setup.hidden;
    level.hidden = !this._isTalking;
    if (!this._isTalking) this._meter.show(null);
    this._showSpeakers();
  }

  _showSpeakers() {
    this._speakers.show(this._persons());
  }

  /** Everybody who is known to have spoken, and those with cards where they are enrolled. */
  _persons() {
    const persons = this._transcript.speakerIds;
    if (!this._online.discovers) for (const { speakerId } of this._enrolling.cards) persons.add(speakerId);
    return [...persons].sort((one, other) => one - other);
  }

  /** What can be learned: what was corrected, and the names that were given. */
  _known() {
    const names = this._persons().map((person) => this._people.givenNameOf(person));
    return { entries: this._transcript.entries, names };
  }

  _nameOf(entry) {
    if (!isStranger(entry)) return this._people.nameOf(entry.speakerId);
    return this._strangerName(entry.isOfFound);
  }

  _strangerName(isOfFound) {
    return t(isOfFound ? 'voice.unsure' : 'voice.stranger');
  }
}
