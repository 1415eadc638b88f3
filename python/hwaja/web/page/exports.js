/** A conversation as a file. `nameOf` says what a speaker is called. */

import { clockOf, stampOf } from './formats.js';

/** Each format: its media type, and how the entries of a Transcript are written. */
export const FORMATS = {
  txt: {
    type: 'text/plain',
    write: (entries, nameOf) => entries.map((entry) => line(entry, nameOf)).join(''),
  },
  srt: {
    type: 'application/x-subrip',
    write: (entries, nameOf) => entries.map((entry, place) => subRip(entry, place, nameOf)).join(''),
  },
  vtt: {
    type: 'text/vtt',
    write: (entries, nameOf) =>
      'WEBVTT\n\n' + entries.map((entry) => webVtt(entry, nameOf)).join(''),
  },
  json: {
    type: 'application/json',
    write: (entries, nameOf) => JSON.stringify(entries.map((entry) => plain(entry, nameOf)), null, 2),
  },
};

function line({ startSeconds, speakerId, text }, nameOf) {
  return `[${clockOf(startSeconds)}] ${nameOf(speakerId)}: ${text}\n`;
}

function subRip({ startSeconds, endSeconds, speakerId, text }, place, nameOf) {
  const span = `${stampOf(startSeconds, ',')} --> ${stampOf(endSeconds, ',')}`;
  return `${place + 1}\n${span}\n${nameOf(speakerId)}: ${text}\n\n`;
}

function webVtt({ startSeconds, endSeconds, speakerId, text }, nameOf) {
  const span = `${stampOf(startSeconds, '.')} --> ${stampOf(endSeconds, '.')}`;
  return `${span}\n<v ${escaped(nameOf(speakerId))}>${escaped(text)}</v>\n\n`;
}

/** WebVTT has markup of its own. */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function plain(entry, nameOf) {
  return {
    speaker_id: entry.speakerId,
    speaker: nameOf(entry.speakerId),
    text: entry.text,
    timestamp: entry.timestamp,
    start_seconds: rounded(entry.startSeconds),
    end_seconds: rounded(entry.endSeconds),
    level_dbfs: entry.levelDbfs,
    label: entry.label,
  };
}

function rounded(seconds) {
  return Math.round(1000 * seconds) / 1000;
}
