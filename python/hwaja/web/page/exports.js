/** A conversation as a file. `nameOf` says what who said an entry is called. */

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

function line(entry, nameOf) {
  return `[${clockOf(entry.startSeconds)}] ${nameOf(entry)}: ${entry.text}\n`;
}

function subRip(entry, place, nameOf) {
  return `${place + 1}\n${span(entry, ',')}\n${nameOf(entry)}: ${entry.text}\n\n`;
}

function webVtt(entry, nameOf) {
  return `${span(entry, '.')}\n<v ${escaped(nameOf(entry))}>${escaped(entry.text)}</v>\n\n`;
}

function span({ startSeconds, endSeconds }, mark) {
  return `${stampOf(startSeconds, mark)} --> ${stampOf(endSeconds, mark)}`;
}

/** WebVTT has markup of its own. */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function plain(entry, nameOf) {
  return {
    speaker_id: entry.speakerId,
    speaker: nameOf(entry),
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
