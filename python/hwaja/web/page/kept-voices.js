/** The voices that this device keeps, as tickets that only the server can read. */

import { recall, remember } from './memory.js';

const KEY = 'hwaja.voices';

/**
 * Return the voice that is kept for a speaker; null: none, or one that is too old.
 *
 * @param {number} speakerId
 * @returns {?{ticket: string, expiresAt: string, name: string}}
 */
export function keptVoice(speakerId) {
  const voice = all()[speakerId];
  if (!isVoice(voice)) return null;
  if (Date.parse(voice.expiresAt) > Date.now()) return voice;
  dropVoice(speakerId);
  return null;
}

/** Return the tickets of all voices that are kept, by speaker. */
export function keptTickets() {
  const tickets = {};
  for (const id of Object.keys(all())) {
    const kept = keptVoice(Number(id));
    if (kept !== null) tickets[id] = kept.ticket;
  }
  return tickets;
}

/** Keep a voice, instead of an earlier one of this speaker. */
export function keepVoice(speakerId, voice) {
  store({ ...all(), [speakerId]: voice });
}

/** Delete the voice of a speaker from this device. */
export function dropVoice(speakerId) {
  const voices = all();
  delete voices[speakerId];
  store(voices);
}

function store(voices) {
  remember('localStorage', KEY, Object.keys(voices).length > 0 ? JSON.stringify(voices) : null);
}

function all() {
  try {
    const voices = JSON.parse(recall('localStorage', KEY));
    return voices !== null && typeof voices === 'object' ? voices : {};
  } catch (error) {
    return {};
  }
}

function isVoice(voice) {
  return (
    voice !== null &&
    typeof voice === 'object' &&
    typeof voice.ticket === 'string' &&
    typeof voice.expiresAt === 'string' &&
    typeof voice.name === 'string'
  );
}
