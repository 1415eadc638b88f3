/** The lines of the second screen, from the messages of the session; no socket, no element. */

/** More than a screen holds. */
const MOST_LINES = 40;

export class Subtitles {
  constructor() {
    this._lines = []; // {key, speakerId, isStranger, text}
    this._names = new Map(); // by the id of the speaker
    this._interims = new Map(); // by segment
    this._part = 0; // segments count from 0 in each transcription
  }

  /** The newest lines, the last one last, each with the name of who said it; empty: without one. */
  get lines() {
    return this._lines.map((line) => ({ ...line, name: this._names.get(line.speakerId) || '' }));
  }

  /** What is being said. */
  get interim() {
    return [...this._interims.values()].join(' ');
  }

  /** Begin another part: what was being said, and corrections of earlier lines, were missed. */
  begin() {
    this._part++;
    this._interims.clear();
  }

  /** Take a message; those that are no text are ignored. */
  take(message) {
    const act = this[`_${message.type}`];
    if (act !== undefined) act.call(this, message);
  }

  _transcription_started() {
    this.begin();
  }

  _interim({ segment_id: segment, text }) {
    if (text === '') this._interims.delete(segment);
    else this._interims.set(segment, text);
  }

  _transcription({ segment_id: segment, speaker_id: speakerId, label, text }) {
    this._interims.delete(segment);
    this._lines.push({ key: `${this._part}.${segment}`, speakerId, isStranger: label === 'unknown', text });
    if (this._lines.length > MOST_LINES) this._lines.shift();
  }

  _speaker_update({ segment_id: segment, speaker_id: speakerId }) {
    const line = this._lines.find(({ key }) => key === `${this._part}.${segment}`);
    if (line !== undefined) Object.assign(line, { speakerId, isStranger: false });
  }

  _speaker_named({ speaker_id: speakerId, name }) {
    this._names.set(speakerId, name);
  }
}
