/** What a conversation is exported as, whatever the clock of the server does between its parts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FORMATS } from '../../python/hwaja/web/page/exports.js';
import { Transcript } from '../../python/hwaja/web/page/transcript.js';
import { BEGAN_MS, begun, said } from './conversations.js';
import { dice } from './signals.js';

const NAMES = ['미나', 'A & <B>'];
const nameOf = (entry) => NAMES[entry.speakerId];

const LONGEST_STEP_MS = 3600_000;

/** One to five transcriptions, each dated by a clock that was set anew before it. */
function conversation(random) {
  const upTo = (most) => 1 + Math.floor(most * random());
  let clockMs = BEGAN_MS;
  return Array.from({ length: upTo(5) }, (_, k) => {
    let seconds = 0;
    const messages = Array.from({ length: upTo(4) }, (_, id) => {
      const start = seconds + 3 * random();
      const message = said(id, start, `말 ${k}.${id}`, { beganMs: clockMs, seconds: 2 * random() });
      seconds = message.end_seconds;
      return message;
    });
    clockMs += 1000 * (seconds + 30 * random());
    if (random() < 0.7) clockMs += LONGEST_STEP_MS * (2 * random() - 1);
    return messages;
  });
}

function transcribed(parts) {
  const transcript = new Transcript();
  return parts.map((messages) => {
    transcript.begin();
    return messages.map((message) => transcript.take(message));
  });
}

const seconds = (stamp) => {
  const [hours, minutes, rest] = stamp.replace(',', '.').split(':').map(Number);
  return 3600 * hours + 60 * minutes + rest;
};
const spans = (text) =>
  [...text.matchAll(/^([\d:.,]+) --> ([\d:.,]+)$/gm)].map(([, start, end]) => [start, end].map(seconds));

/** When each entry begins and ends, as a file of each format says it. */
const READ = {
  txt: (text) => [...text.matchAll(/^\[([\d:]+)\]/gm)].map(([, clock]) => {
    const start = clock.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
    return [start, start];
  }),
  srt: spans,
  vtt: spans,
  json: (text) => JSON.parse(text).map((entry) => [entry.start_seconds, entry.end_seconds]),
};

test('every format has each utterance with its speaker and its time', () => {
  const transcript = begun();
  transcript.take(said(0, 2, '어디 가세요?'));
  transcript.take(said(1, 4, '1 < 2 & 3', { speaker: 1 }));
  const written = (format) => FORMATS[format].write(transcript.entries, nameOf);
  assert.equal(written('txt'), '[0:02] 미나: 어디 가세요?\n[0:04] A & <B>: 1 < 2 & 3\n');
  assert.equal(
    written('srt'),
    '1\n00:00:02,000 --> 00:00:03,500\n미나: 어디 가세요?\n\n' +
      '2\n00:00:04,000 --> 00:00:05,500\nA & <B>: 1 < 2 & 3\n\n'
  );
  assert.equal(
    written('vtt'),
    'WEBVTT\n\n00:00:02.000 --> 00:00:03.500\n<v 미나>어디 가세요?</v>\n\n' +
      '00:00:04.000 --> 00:00:05.500\n<v A &amp; &lt;B&gt;>1 &lt; 2 &amp; 3</v>\n\n'
  );
  const [first] = JSON.parse(written('json'));
  assert.deepEqual(first, {
    speaker_id: 0,
    speaker: '미나',
    text: '어디 가세요?',
    timestamp: '2026-11-26T10:00:02.000Z',
    start_seconds: 2,
    end_seconds: 3.5,
    level_dbfs: -28.4,
    label: 'sure',
  });
});

test('whatever the clock does between two transcriptions, no export goes back', () => {
  const random = dice(18);
  for (let k = 0; k < 500; k++) {
    const entries = transcribed(conversation(random)).flat();
    for (const [format, read] of Object.entries(READ)) {
      const times = read(FORMATS[format].write(entries, nameOf));
      assert.equal(times.length, entries.length);
      times.slice(1).forEach(([start], i) => assert.ok(start >= times[i][1], format));
    }
    const dates = entries.map(({ timestamp }) => timestamp);
    assert.deepEqual(dates, [...dates].sort());
  }
});

test('within a transcription the differences stay, whatever the clock did before it', () => {
  const random = dice(1);
  for (let k = 0; k < 100; k++) {
    const parts = conversation(random);
    transcribed(parts).forEach((entries, part) => {
      entries.forEach((entry, i) => {
        const first = parts[part][0];
        const message = parts[part][i];
        const since = message.start_seconds - first.start_seconds;
        assert.ok(Math.abs(entry.startSeconds - entries[0].startSeconds - since) < 1e-6);
        const lasted = message.end_seconds - message.start_seconds;
        assert.ok(Math.abs(entry.endSeconds - entry.startSeconds - lasted) < 1e-6);
      });
    });
  }
});

test('a clock that was set back once does not take away the pauses that come later', () => {
  const setBack = BEGAN_MS - 600_000;
  const [[first], [second], [third]] = transcribed([
    [said(0, 2, '하나')],
    [said(0, 1, '둘', { beganMs: setBack })],
    [said(0, 1, '셋', { beganMs: setBack + 60_000 })],
  ]);
  assert.deepEqual([first.endSeconds, second.startSeconds, third.startSeconds], [3.5, 4.5, 64.5]);
  assert.equal(second.timestamp, '2026-11-26T10:00:04.500Z');
  assert.equal(third.timestamp, '2026-11-26T10:01:04.500Z');
});
