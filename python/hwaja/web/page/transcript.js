/** What was said and by whom, as far as the page knows. No document, no clock. */

/**
 * One or more transcriptions, one after the other. Times count from the beginning of the first, by the
 * server's clock; where that was set back in between, they go on behind the last entry.
 */
export class Transcript {
  constructor() {
    /**
     * In the order of speech: `{id, speakerId, text, startSeconds, endSeconds, timestamp, levelDbfs, label,
     * isOfFound}`; the last one says whether the speakers were found by their voices.
     */
    this.entries = [];
    /** What is being said: `{id, text}`; null: nothing. */
    this.interim = null;
    this._part = 0; // counts the transcriptions
    this._discovers = false; // the one that goes on
    this._offsetSeconds = null; // of the one that goes on; null until it is dated
    this._originMs = null;
    this._setBackMs = 0; // by how much the clock of the server was, as far as it shows
  }

  /** When the last words ended; 0: there are none. */
  get endSeconds() {
    return this.entries.reduce((end, entry) => Math.max(end, entry.endSeconds), 0);
  }

  /** Another transcription begins, whose speakers may be found by their voices. */
  begin(discovers = false) {
    this._part += 1;
    this._discovers = discovers;
    this._offsetSeconds = null;
    this.interim = null;
  }

  /** The transcription is over: nothing is being said. */
  end() {
    this.interim = null;
  }

  /** Take a `transcription`; returns its entry. */
  take(message) {
    if (this._offsetSeconds === null) this._date(message);
    const entry = {
      id: this._idOf(message),
      speakerId: message.speaker_id,
      text: message.text,
      startSeconds: message.start_seconds + this._offsetSeconds,
      endSeconds: message.end_seconds + this._offsetSeconds,
      timestamp: later(message.timestamp, this._setBackMs),
      levelDbfs: message.confidence,
      label: message.label,
      isOfFound: this._discovers,
    };
    if (this.interim !== null && this.interim.id === entry.id) this.interim = null;
    this.entries.push(entry);
    return entry;
  }

  /** Take a `speaker_update`; returns the entry that it corrects, null where there is none. */
  correct(message) {
    const id = this._idOf(message);
    const entry = this.entries.find((each) => each.id === id);
    if (entry === undefined) return null;
    entry.speakerId = message.speaker_id;
    // Whoever was found has become known by what was said later.
    if (entry.isOfFound && isStranger(entry)) entry.label = 'doubtful';
    return entry;
  }

  /** Take an `interim`: an empty text takes the last one back. */
  overhear(message) {
    const id = this._idOf(message);
    if (message.text !== '') this.interim = { id, text: message.text };
    else if (this.interim !== null && this.interim.id === id) this.interim = null;
  }

  _idOf(message) {
    return `${this._part}.${message.segment_id}`;
  }

  /** A transcription begins behind the words of the last one, whatever the clock says. */
  _date(message) {
    const beganMs = Date.parse(message.timestamp) - 1000 * message.start_seconds + this._setBackMs;
    if (this._originMs === null) this._originMs = beganMs;
    const offsetMs = beganMs - this._originMs;
    this._setBackMs += Math.max(0, 1000 * this.endSeconds - offsetMs);
    this._offsetSeconds = Math.max(this.endSeconds, offsetMs / 1000);
  }
}

/** Whether nobody said it whose voice is known: `speakerId` is then only whose voice is nearest. */
export function isStranger(entry) {
  return entry.label === 'unknown';
}

function later(timestamp, ms) {
  return ms === 0 ? timestamp : new Date(Date.parse(timestamp) + ms).toISOString();
}
