/** How long a voice has been heard while it is enrolled, by the level of the microphone alone. */

/** Louder than this much above the quietest that was heard is taken for speech. */
const ABOVE_NOISE_DB = 10;

/** Quieter is never speech: the server's own bound. */
const LEAST_DBFS = -60;

/** With so much speech a take is complete; the specification asks for 3 to 5 s. */
export const ENOUGH_SECONDS = 4.5;

/** With so much it may be ended by hand: the server refuses less than 2 s, and counts more strictly. */
export const LEAST_SECONDS = 2.5;

/** A take without enough speech is ended after so long: the server then says what is missing. */
export const LONGEST_SECONDS = 15;

/** With nothing said for so long, somebody needs a hint. */
export const SILENT_SECONDS = 4;

export class Take {
  constructor() {
    this.speechSeconds = 0;
    this.heardSeconds = 0;
    this._silentSeconds = 0; // since the last speech
    this._quietestDbfs = 0;
  }

  /** Take the level of the next so many seconds. */
  hear(rmsDbfs, seconds) {
    this.heardSeconds += seconds;
    this._quietestDbfs = Math.min(this._quietestDbfs, rmsDbfs);
    const boundDbfs = Math.max(LEAST_DBFS, this._quietestDbfs + ABOVE_NOISE_DB);
    const isSpeech = rmsDbfs >= boundDbfs;
    if (isSpeech) this.speechSeconds += seconds;
    this._silentSeconds = isSpeech ? 0 : this._silentSeconds + seconds;
  }

  /** Whether nothing was said for a while. */
  get isSilent() {
    return this._silentSeconds >= SILENT_SECONDS;
  }

  /** Whether it may be ended by hand. */
  get isLongEnough() {
    return this.speechSeconds >= LEAST_SECONDS;
  }

  /** Whether nothing more need be heard. */
  get isComplete() {
    return this.speechSeconds >= ENOUGH_SECONDS || this.heardSeconds >= LONGEST_SECONDS;
  }
}
