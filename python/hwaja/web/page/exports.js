/** A conversation as a file. */

import { docxOf } from './docx.js';
import { stampOf } from './formats.js';
import { t } from './language.js';

/** Each format: its media type, and how a report is written. */
export const FORMATS = {
  txt: { type: 'text/plain;charset=utf-8', write: plainText },
  docx: {
    type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    write: docxOf,
  },
  srt: { type: 'application/x-subrip;charset=utf-8', write: subRip },
  vtt: { type: 'text/vtt;charset=utf-8', write: webVtt },
  json: { type: 'application/json;charset=utf-8', write: json },
};

function plainText({ title, facts, sentences }) {
  const head = [title, ...facts.map((fact) => fact.join(': '))];
  const lines = sentences.map(({ clock, by, text, isMarked, note }) => {
    const said = `[${clock}] ${isMarked ? '★ ' : ''}${by}: ${text}`;
    return note === '' ? said : `${said}\n    ${t('correct.note')}: ${note}`;
  });
  return `${head.join('\n')}\n\n${lines.join('\n')}\n`;
}

function subRip({ sentences }) {
  const cues = sentences.map((sentence, place) => {
    const { by, text, isMarked, note } = sentence;
    const said = `${isMarked ? '★ ' : ''}${by}: ${text}`;
    const noted = note === '' ? '' : `\n(${t('correct.note')}: ${note})`;
    return `${place + 1}\n${span(sentence, ',')}\n${withoutArrows(said + noted)}\n\n`;
  });
  return cues.join('');
}

function webVtt({ title, facts, sentences }) {
  const head = [title, ...facts.map((fact) => fact.join(': '))].join('\n');
  const cues = sentences.map((sentence) => {
    const { by, text, isMarked, note } = sentence;
    const noted = note === '' ? '' : `NOTE ${withoutArrows(`${t('correct.note')}: ${note}`)}\n\n`;
    const said = `<v ${escaped(by)}>${isMarked ? '★ ' : ''}${escaped(text)}</v>`;
    return `${noted}${span(sentence, '.')}\n${said}\n\n`;
  });
  return `WEBVTT\n\nNOTE\n${withoutArrows(head)}\n\n${cues.join('')}`;
}

function json({ began, lastedSeconds, persons, sentences }) {
  const report = {
    began: began.toISOString(),
    duration_seconds: rounded(lastedSeconds),
    participants: persons.map(({ name, seconds, share }) => {
      return { name, speech_seconds: rounded(seconds), share: rounded(share) };
    }),
    utterances: sentences.map((sentence) => ({
      speaker_id: sentence.speakerId,
      speaker: sentence.name,
      speaker_set_by_hand: sentence.person !== undefined,
      label: sentence.label,
      text: sentence.text,
      important: sentence.isMarked,
      note: sentence.note,
      timestamp: sentence.timestamp,
      start_seconds: rounded(sentence.startSeconds),
      end_seconds: rounded(sentence.endSeconds),
      level_dbfs: sentence.levelDbfs,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function span({ startSeconds, endSeconds }, mark) {
  return `${stampOf(startSeconds, mark)} --> ${stampOf(endSeconds, mark)}`;
}

/** What only times may have in a file of subtitles. */
function withoutArrows(text) {
  return text.replace(/-->/g, '→');
}

/** WebVTT has markup of its own. */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function rounded(seconds) {
  return Math.round(1000 * seconds) / 1000;
}
