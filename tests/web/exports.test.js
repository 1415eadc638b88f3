/** What a conversation is exported as, whatever the clock of the server does between its parts. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { Corrections } from '../../python/hwaja/web/page/corrections.js';
import { Transcript } from '../../python/hwaja/web/page/transcript.js';
import { BEGAN_MS, begun, said } from './conversations.js';
import { dice } from './signals.js';

process.env.TZ = 'Asia/Seoul';
Object.defineProperty(globalThis, 'navigator', { value: { language: 'ko' }, configurable: true });
const { FORMATS } = await import('../../python/hwaja/web/page/exports.js');
const { fileStampOf } = await import('../../python/hwaja/web/page/formats.js');
const { reportOf } = await import('../../python/hwaja/web/page/report.js');

const NAMES = ['미나', 'A & <B>'];
const nameOf = (entry) => (entry.label === 'unknown' ? '모르는 사람' : NAMES[entry.speakerId]);
const written = (format, entries) => FORMATS[format].write(reportOf(entries, nameOf));

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
  srt: spans,
  vtt: spans,
  json: (text) => JSON.parse(text).utterances.map((entry) => [entry.start_seconds, entry.end_seconds]),
};

/** A sure sentence, a doubtful one with a mark and a note, and one of nobody who is known. */
function conversed() {
  const transcript = begun();
  transcript.take(said(0, 2, '어디 가세요?'));
  transcript.take(said(1, 4, '1 < 2 & 3 --> 4', { speaker: 1, label: 'doubtful' }));
  transcript.take(said(2, 65, '택배요.', { label: 'unknown', seconds: 1 }));
  const corrections = new Corrections(transcript);
  corrections.mark('1.1');
  corrections.annotate('1.1', '다시 --> 묻기');
  return transcript.entries;
}

test('a text tells when it was, who spoke how much, doubt, strangers, marks and notes, in the time of this place', () => {
  assert.equal(
    written('txt', conversed()),
    '대화 기록\n일시: 2026년 11월 26일 19:00–19:01\n길이: 1:04\n' +
      '말한 비율: 미나\u00a038%\u00a0(0:01), A & <B>\u00a038%\u00a0(0:01), 모르는 사람\u00a025%\u00a0(0:01)\n\n' +
      '[19:00:02] 미나: 어디 가세요?\n' +
      '[19:00:04] ★ A & <B> (화자 불확실): 1 < 2 & 3 --> 4\n    메모: 다시 --> 묻기\n' +
      '[19:01:05] 모르는 사람: 택배요.\n'
  );
  assert.equal(fileStampOf(new Date(BEGAN_MS)), '2026-11-26-1900');
});

test('subtitles have the same, with nothing in a text that could be taken for a time or for markup', () => {
  assert.equal(
    written('srt', conversed()),
    '1\n00:00:02,000 --> 00:00:03,500\n미나: 어디 가세요?\n\n' +
      '2\n00:00:04,000 --> 00:00:05,500\n★ A & <B> (화자 불확실): 1 < 2 & 3 → 4\n(메모: 다시 → 묻기)\n\n' +
      '3\n00:01:05,000 --> 00:01:06,000\n모르는 사람: 택배요.\n\n'
  );
  const [head, note, ...cues] = written('vtt', conversed()).trim().split('\n\n');
  assert.equal(head, 'WEBVTT');
  assert.match(note, /^NOTE\n대화 기록\n일시: /);
  assert.deepEqual(cues, [
    '00:00:02.000 --> 00:00:03.500\n<v 미나>어디 가세요?</v>',
    'NOTE 메모: 다시 → 묻기',
    '00:00:04.000 --> 00:00:05.500\n<v A &amp; &lt;B&gt; (화자 불확실)>★ 1 &lt; 2 &amp; 3 --&gt; 4</v>',
    '00:01:05.000 --> 00:01:06.000\n<v 모르는 사람>택배요.</v>',
  ]);
});

test('a program gets everything as data', () => {
  const report = JSON.parse(written('json', conversed()));
  assert.deepEqual([report.began, report.duration_seconds], ['2026-11-26T10:00:02.000Z', 64]);
  assert.deepEqual(report.participants[2], { name: '모르는 사람', speech_seconds: 1, share: 0.25 });
  assert.deepEqual(report.utterances[1], {
    speaker_id: 1,
    speaker: 'A & <B>',
    speaker_set_by_hand: false,
    label: 'doubtful',
    text: '1 < 2 & 3 --> 4',
    important: true,
    note: '다시 --> 묻기',
    timestamp: '2026-11-26T10:00:04.000Z',
    start_seconds: 4,
    end_seconds: 5.5,
    level_dbfs: -28.4,
  });
  assert.equal(report.utterances[2].label, 'unknown');
});

/** The files in an archive, as Python reads them, which also checks their sums. */
function unzipped(bytes) {
  const program =
    'import io, json, sys, zipfile; from xml.dom.minidom import parseString\n' +
    'archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n' +
    'assert archive.testzip() is None\n' +
    'texts = {name: archive.read(name).decode() for name in archive.namelist()}\n' +
    '[parseString(text.encode()) for text in texts.values()]\n' +
    'print(json.dumps(texts))';
  return JSON.parse(execFileSync('python3', ['-c', program], { input: bytes, encoding: 'utf8' }));
}

test('a document is a ZIP of well-formed XML with the same text, whatever letters are in it', () => {
  const entries = conversed();
  entries.push({ ...entries[0], text: 'a\u0000b\ud800 \uffff 😀' });
  const files = unzipped(written('docx', entries));
  assert.deepEqual(Object.keys(files), ['[Content_Types].xml', '_rels/.rels', 'word/document.xml']);
  const texts = [...files['word/document.xml'].matchAll(/<w:t [^>]*>([^<]*)</g)].map(([, text]) => text);
  assert.equal(texts[0], '대화 기록');
  assert.deepEqual(texts.slice(4), [
    '미나', '  19:00:02', '어디 가세요?',
    'A &amp; &lt;B&gt; (화자 불확실)', '  19:00:04  ★ 중요', '1 &lt; 2 &amp; 3 --&gt; 4', '메모: 다시 --&gt; 묻기',
    '모르는 사람', '  19:01:05', '택배요.',
    '미나', '  19:00:02', 'ab\ufffd  😀',
  ]);
});

test('whatever the clock does between two transcriptions, no export goes back', () => {
  const random = dice(18);
  for (let k = 0; k < 500; k++) {
    const entries = transcribed(conversation(random)).flat();
    for (const [format, read] of Object.entries(READ)) {
      const times = read(written(format, entries));
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
