/** What was said and by whom, as far as the page knows. No document, no clock. */

/** Labels of the server that a person should know of: the speaker may be another. */
const DOUBTS = ['doubtful', 'overlap', 'short'];

/**
 * One or more transcriptions, one after the other. Times count from the beginning of the first, by the
 * server's clock; where that was set back in between, they go on behind the last entry.
 */
export class Transcript {
  constructor() {
    /**
     * In the order of speech, each unchangeable: `{id, segment, text, heard, startSeconds, endSeconds,
     * timestamp, levelDbfs, isOfFound, person, isMarked, note, speakerId, label}`.
     *
     * `segment` names the utterance of the server that it came from, and `heard` is the text of that;
     * `isOfFound` says whether the speakers were found by their voices. `person` is who said it as a
     * person has set it by hand: null, nobody who is known; undefined, nobody has set it. `speakerId`
     * and `label` follow from `person`, or else from what the server said last.
     */
    this.entries = [];
    /** What is being said: `{id, text}`; null: nothing. */
    this.interim = null;
    /** When the last words ended; 0: there were none. */
    this.endSeconds = 0;
    this._told = new Map(); // who spoke by what the server said last, by segment
    this._part = 0; // counts the transcriptions
    this._discovers = false; // the one that goes on
    this._offsetSeconds = null; // of the one that goes on; null until it is dated
    this._originMs = null;
    this._setBackMs = 0; // by how much the clock of the server was, as far as it shows
  }

  /** Return one as it was when this was its `state`. */
  static from({ entries, endSeconds, told, part, discovers, offsetSeconds, originMs, setBackMs }) {
    const transcript = new Transcript();
    transcript.entries = entries;
    transcript.endSeconds = endSeconds;
    transcript._told = new Map(told);
    transcript._part = part;
    transcript._discovers = discovers;
    transcript._offsetSeconds = offsetSeconds;
    transcript._originMs = originMs;
    transcript._setBackMs = setBackMs;
    return transcript;
  }

  /** All that is known but what is being said; can be written as JSON. */
  get state() {
    return {
      entries: this.entries,
      endSeconds: this.endSeconds,
      told: [...this._told],
      part: this._part,
      discovers: this._discovers,
      offsetSeconds: this._offsetSeconds,
      originMs: this._originMs,
      setBackMs: this._setBackMs,
    };
  }

  /** Who speaks by what the server said last, and by what was set by hand. */
  get speakerIds() {
    const said = [...this._told.values(), ...this.entries].filter((each) => !isStranger(each));
    return new Set(said.map(({ speakerId }) => speakerId));
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
    const id = this._idOf(message);
    const text = message.label === 'overlap' ? withoutDashes(message.text) : message.text;
    this._told.set(id, { speakerId: message.speaker_id, label: message.label });
    const entry = this._attributed({
      id,
      segment: id,
      text,
      heard: text,
      startSeconds: message.start_seconds + this._offsetSeconds,
      endSeconds: message.end_seconds + this._offsetSeconds,
      timestamp: later(message.timestamp, this._setBackMs),
      levelDbfs: message.confidence,
      isOfFound: this._discovers,
      isMarked: false,
      note: '',
    });
    if (this.interim !== null && this.interim.id === id) this.interim = null;
    this.endSeconds = Math.max(this.endSeconds, entry.endSeconds);
    this.entries.push(entry);
    return entry;
  }

  /** Take a `speaker_update`; returns the entries that came from its utterance. */
  correct(message) {
    const segment = this._idOf(message);
    const told = this._told.get(segment);
    if (told === undefined) return [];
    // Whoever was found has become known by what was said later.
    const isKnownNow = this._discovers && told.label === 'unknown';
    const label = isKnownNow ? 'doubtful' : told.label;
    this._told.set(segment, { speakerId: message.speaker_id, label });
    this.entries = this.entries.map((entry) => (entry.segment === segment ? this._attributed(entry) : entry));
    return this.entries.filter((entry) => entry.segment === segment);
  }

  /** Put entries in place of so many; returns them, with who said them by what the server said last. */
  replace(place, count, entries) {
    const attributed = entries.map((entry) => this._attributed(entry));
    this.entries.splice(place, count, ...attributed);
    return attributed;
  }

  /** Take an `interim`: an empty text takes the last one back. */
  overhear(message) {
    const id = this._idOf(message);
    if (message.text !== '') this.interim = { id, text: message.text };
    else if (this.interim !== null && this.interim.id === id) this.interim = null;
  }

  _attributed(entry) {
    const { speakerId, label } = this._told.get(entry.segment);
    if (entry.person === undefined) return { ...entry, speakerId, label };
    if (entry.person === null) return { ...entry, speakerId, label: 'unknown' };
    return { ...entry, speakerId: entry.person, label: 'sure' };
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

/** Whether another person may have said it. */
export function isDoubtful(entry) {
  return DOUBTS.includes(entry.label);
}

/** A timestamp so much later. */
export function later(timestamp, ms) {
  return ms === 0 ? timestamp : new Date(Date.parse(timestamp) + ms).toISOString();
}

/** Whisper writes the words of two people as a dialogue: `- 네. - 그래요.` */
function withoutDashes(text) {
  return text.replace(/(^|\s)[-–—]\s+/g, '$1');
}
