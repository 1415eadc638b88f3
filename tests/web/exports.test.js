/** What a conversation is exported as. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FORMATS } from '../../python/hwaja/web/page/exports.js';
import { begun, said } from './conversations.js';

const NAMES = ['미나', 'A & <B>'];
const nameOf = (entry) => NAMES[entry.speakerId];

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
