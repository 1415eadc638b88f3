/** Voices as tickets that only the server can read. */

import { recall, remember } from './memory.js';

/** A place for one voice of each speaker: `{ticket, expiresAt, name}`. */
class Voices {
  /**
   * @param {string} place `localStorage`, or `sessionStorage` until the tab is closed
   * @param {string} key
   */
  constructor(place, key) {
    this._place = place;
    this._key = key;
  }

  /** Return the voice of a speaker; null: none, or one that is too old. */
  get(speakerId) {
    const voice = this._all()[speakerId];
    if (!isVoice(voice)) return null;
    if (Date.parse(voice.expiresAt) > Date.now()) return voice;
    this.drop(speakerId);
    return null;
  }

  /** Return the tickets of all voices, by speaker. */
  get tickets() {
    const tickets = {};
    for (const id of Object.keys(this._all())) {
      const kept = this.get(Number(id));
      if (kept !== null) tickets[id] = kept.ticket;
    }
    return tickets;
  }

  /** Keep a voice, instead of an earlier one of this speaker. */
  keep(speakerId, voice) {
    this._store({ ...this._all(), [speakerId]: voice });
  }

  /** Delete the voice of a speaker. */
  drop(speakerId) {
    const voices = this._all();
    delete voices[speakerId];
    this._store(voices);
  }

  _store(voices) {
    remember(this._place, this._key, Object.keys(voices).length > 0 ? JSON.stringify(voices) : null);
  }

  _all() {
    try {
      const voices = JSON.parse(recall(this._place, this._key));
      return voices !== null && typeof voices === 'object' ? voices : {};
    } catch (error) {
      return {};
    }
  }
}

function isVoice(voice) {
  const { ticket, expiresAt, name } = voice || {};
  return [ticket, expiresAt, name].every((each) => typeof each === 'string');
}

/** What this device remembers because the person wants it. */
export const REMEMBERED = new Voices('localStorage', 'hwaja.voices');

/** The voices of this tab. They are without a name, which is not sealed. */
export const OF_TAB = new Voices('sessionStorage', 'hwaja.voices');

/** Return the voice of a speaker that can be enrolled without speech; null: none. */
export function keptVoice(speakerId) {
  return OF_TAB.get(speakerId) || REMEMBERED.get(speakerId);
}
