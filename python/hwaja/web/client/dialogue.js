/** What is going on between client and server: one phase after another. No socket, no clock. */

import { settle } from './commands.js';
import { Phase, TRANSCRIPTION } from './phase.js';
import { Timeline } from './timeline.js';

export class Dialogue {
  /**
   * @param {AudioStore} audio of the phase
   * @param {boolean} renews whether a transcription that has lasted as long as it may goes on in
   *   another
   */
  constructor(audio, renews) {
    this._audio = audio;
    this._renews = renews;
    this._timeline = new Timeline();
    this._crossed = null; // the kind of phase whose end crossed the server's own
    this._interims = new Set(); // ids of utterances without a final text
    this._isRenewed = false; // a part of the transcription was begun before
    this.phase = null;
    /** Whether the server tells what audio it has taken. */
    this.isConfirmed = false;
  }

  /** How far the transcription that goes on began behind the conversation. */
  get offsetSeconds() {
    return this._timeline.offsetSeconds;
  }

  /** Begin an enrolment or a transcription. */
  begin(kind, fields) {
    this._interims.clear();
    this._isRenewed = false;
    this.phase = new Phase(kind, fields, this._audio, this.isConfirmed);
    this._timeline = new Timeline(this.phase.format.rate);
  }

  /** Where ids and times are, as `adopt` takes it. */
  get timeline() {
    return this._timeline.state;
  }

  /**
   * Go on with a transcription that was begun elsewhere, of which so much audio was taken.
   *
   * @param {object} fields
   * @param {number} receivedSamples
   * @param {?object} timeline of there; null: it is the first one
   */
  adopt(fields, receivedSamples, timeline) {
    this.begin(TRANSCRIPTION, fields);
    if (timeline !== null) this._timeline.restore(timeline);
    this.phase.adopt(receivedSamples);
  }

  /** Nothing is going on any more. */
  leave() {
    this.phase = null;
    this._audio.begin(this.isConfirmed);
  }

  /**
   * Go on in another session, whose server has had nothing of what is going on.
   *
   * @returns {{withdrawn: object[], lostSamples: number}} messages that take back what was shown of
   *   unfinished utterances, and how much audio is lost
   */
  beginAnew() {
    this._crossed = null;
    const withdrawn = [...this._interims].map((id) => {
      return { type: 'interim', segment_id: id, text: '', stable_chars: 0 };
    });
    this._interims.clear();
    if (this.phase === null) return { withdrawn, lostSamples: 0 };
    this._isRenewed = this.phase.isStarted || this._isRenewed;
    const { beganSamples, lostSamples } = this.phase.beginAnew();
    if (this.phase.kind === TRANSCRIPTION) this._timeline.renew(beganSamples + lostSamples);
    return { withdrawn, lostSamples };
  }

  /** This is another session: nothing that comes is about what was. */
  forget() {
    this.leave();
    this._crossed = null;
  }

  /**
   * Take a message of the server.
   *
   * @returns {{meaning: string, message: object, lostSamples: number}} what it means: `started`,
   *   `ended`, `failed`, as for a phase; `limited`, one part of the transcription is over; `renewed`,
   *   the next has begun; `passing`, nothing changes; `answered`, who asked for it was told, or
   *   `crossed`, nobody is to be told. And the message with times of the whole conversation, and how much audio is lost with it
   */
  take(message) {
    const result = { meaning: 'crossed', message: this._timeline.dated(message), lostSamples: 0 };
    if (message.request_id !== undefined) {
      if (this._answers(message, result.message)) result.meaning = 'answered';
      return result;
    }
    if (this._hasCrossed(message)) return result;
    result.meaning = this.phase === null ? 'passing' : this.phase.judge(message);
    if (result.meaning === 'limited') this._takeLimit(result);
    if (result.meaning === 'started') {
      this._crossed = null; // what crossed would have come before
      // An enrolment that is begun again in another session was told of before.
      if (this._isRenewed) result.meaning = this.phase.kind === TRANSCRIPTION ? 'renewed' : 'crossed';
    }
    if (result.meaning === 'failed') this._noteCrossing(message.reason);
    if (result.meaning === 'failed' || result.meaning === 'ended') this.leave();
    if (this.phase !== null) this._keepPace(message);
    this._noteInterim(result.message);
    return result;
  }

  /** Settle what was asked for in the transcription; returns whether something was. */
  _answers(message, dated) {
    const command = this.phase === null ? null : this.phase.commands.take(message);
    if (command !== null) settle(command, dated);
    if (message.type === 'transcription_updated' && command !== null) this.phase.update(command.fields);
    return command !== null;
  }

  _keepPace(message) {
    if (message.type === 'audio_received') this.phase.confirm(message.received_samples);
    if (message.answered_samples !== undefined) this.phase.answer(message.answered_samples);
    if (message.type === 'too_far_ahead') this.phase.hold(message.hold);
  }

  _takeLimit(result) {
    const { reason, received_samples: receivedSamples } = result.message;
    if (!this._renews || receivedSamples === undefined) {
      result.meaning = 'failed';
      return;
    }
    this._noteCrossing(reason);
    this._isRenewed = true;
    result.lostSamples = this.phase.renew(receivedSamples);
    this._timeline.renew(receivedSamples + result.lostSamples);
  }

  _noteInterim({ type, segment_id: id, text }) {
    if (type === 'interim' && text !== '') this._interims.add(id);
    else if (type === 'interim' || type === 'transcription') this._interims.delete(id);
  }

  _noteCrossing(reason) {
    if (this.phase.hasCrossed(reason)) this._crossed = this.phase.kind;
  }

  /** Whether it answers an end that the server did not know of when it ended by itself. */
  _hasCrossed(message) {
    if (this._crossed === null) return false;
    const isRefusal = message.code === this._crossed.failed && message.reason === 'wrong_state';
    const isEnd = this._crossed === TRANSCRIPTION && message.type === TRANSCRIPTION.ended;
    if (!isRefusal && !isEnd) return false;
    this._crossed = null;
    return true;
  }
}
