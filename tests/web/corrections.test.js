/** What a person corrects while the server goes on. No document. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Corrections } from '../../python/hwaja/web/page/corrections.js';
import { learnedWords } from '../../python/hwaja/web/page/learned-words.js';
import { begun, said } from './conversations.js';
import { dice } from './signals.js';

function corrected(...texts) {
  const transcript = begun();
  texts.forEach((text, k) => transcript.take(said(k, 2 * k, text, { speaker: k % 2 })));
  return { transcript, corrections: new Corrections(transcript) };
}

const shown = ({ entries }) => entries.map(({ speakerId, text }) => `${speakerId}: ${text}`);
const ids = ({ entries }) => entries.map(({ id }) => id);

test('a text is rewritten in one line of composed letters, and an empty one takes the sentence away', () => {
  const { transcript, corrections } = corrected('북지관', '네');
  assert.equal(corrections.rewrite('1.0', ' 북지관 '), null);
  corrections.rewrite('1.0', '복지관\n에 '.normalize('NFD'));
  corrections.rewrite('1.1', ' ');
  assert.deepEqual(shown(transcript), ['0: 복지관 에']);
  assert.equal(transcript.entries[0].heard, '북지관');
  corrections.undo();
  corrections.undo();
  assert.deepEqual(shown(transcript), ['0: 북지관', '1: 네']);
  assert.equal(corrections.undo(), null);
});

test('a sentence is split where its characters are, and merged with the one before', () => {
  const { transcript, corrections } = corrected('어서 오세요', '네');
  corrections.split('1.0', '네', '어서 오세');
  const [first, second] = transcript.entries;
  assert.deepEqual(shown(transcript), ['0: 네', '0: 어서 오세', '1: 네']);
  assert.deepEqual([first.startSeconds, first.endSeconds, second.startSeconds, second.endSeconds], [0, 0.25, 0.25, 1.5]);
  assert.equal(second.timestamp, '2026-11-26T10:00:00.250Z');
  const [, , last] = transcript.entries;
  assert.equal(corrections.merge(ids(transcript)[0]), null);
  corrections.merge(second.id);
  assert.deepEqual(shown(transcript), ['0: 네 어서 오세', '1: 네']);
  corrections.merge(last.id);
  const [all] = transcript.entries;
  assert.deepEqual([all.text, all.startSeconds, all.endSeconds], ['네 어서 오세 네', 0, 3.5]);
});

test('a split without words on one side only rewrites', () => {
  const { transcript, corrections } = corrected('네');
  corrections.split('1.0', ' ', '그래요');
  assert.deepEqual(shown(transcript), ['0: 그래요']);
});

test('a speaker that a person has set is not overridden, and otherwise the last word of the server counts', () => {
  const { transcript, corrections } = corrected('하나', '둘', '셋');
  corrections.assign('1.0', 1);
  transcript.correct({ segment_id: 0, speaker_id: 2 });
  transcript.correct({ segment_id: 1, speaker_id: 2 });
  assert.deepEqual(shown(transcript), ['1: 하나', '2: 둘', '0: 셋']);
  corrections.undo();
  assert.deepEqual(shown(transcript), ['2: 하나', '2: 둘', '0: 셋']);
  corrections.redo();
  assert.deepEqual(shown(transcript), ['1: 하나', '2: 둘', '0: 셋']);
});

test('both halves of a sentence get the speaker whom the server corrects, but for the half set by hand', () => {
  const { transcript, corrections } = corrected('하나 둘');
  corrections.split('1.0', '하나', '둘');
  const [, second] = ids(transcript);
  corrections.assign(second, 1);
  assert.deepEqual(transcript.correct({ segment_id: 0, speaker_id: 3 }).map(({ speakerId }) => speakerId), [3, 1]);
  corrections.undo();
  assert.deepEqual(shown(transcript), ['3: 하나', '3: 둘']);
});

test('this and the following sentences of the same speaker get another, and those of others do not', () => {
  const { transcript, corrections } = corrected('a', 'b', 'c', 'd', 'e');
  transcript.take(said(5, 12, 'f', { speaker: 0, label: 'unknown' }));
  corrections.assign('1.2', 3, true);
  assert.deepEqual(shown(transcript), ['0: a', '1: b', '3: c', '1: d', '3: e', '0: f']);
  corrections.assign('1.3', null);
  assert.equal(transcript.entries[3].label, 'unknown');
  assert.equal(corrections.assign('1.3', null), null);
  corrections.assign('1.3', 2, true);
  assert.deepEqual(shown(transcript).slice(3), ['2: d', '3: e', '2: f']);
  assert.deepEqual(transcript.entries.map(({ label }) => label), Array(6).fill('sure'));
});

test('whoever the server has heard can be set again, also where nothing is theirs any more', () => {
  const { transcript, corrections } = corrected('a', 'b');
  corrections.assign('1.1', 0);
  assert.deepEqual([...transcript.speakerIds], [0, 1]);
  transcript.correct({ segment_id: 1, speaker_id: 2 });
  assert.deepEqual([...transcript.speakerIds], [0, 2]);
});

test('marks and notes are taken back like words, and a merge keeps them', () => {
  const { transcript, corrections } = corrected('a', 'b');
  corrections.mark('1.1');
  corrections.annotate('1.0', '다시 묻기');
  assert.equal(corrections.annotate('1.0', ' 다시 묻기 '), null);
  corrections.merge('1.1');
  const [merged] = transcript.entries;
  assert.deepEqual([merged.isMarked, merged.note], [true, '다시 묻기']);
  for (let k = 0; k < 3; k++) corrections.undo();
  assert.deepEqual(transcript.entries.map(({ isMarked, note }) => [isMarked, note]), [[false, ''], [false, '']]);
});

/** Do anything that a person can do to a random sentence. */
function correctAnything(transcript, corrections, random) {
  const { entries } = transcript;
  if (entries.length === 0) return;
  const { id, text } = entries[Math.floor(entries.length * random())];
  const at = Math.floor(text.length * random());
  const person = random() < 0.2 ? null : Math.floor(4 * random());
  const acts = [
    () => corrections.rewrite(id, random() < 0.1 ? '' : `${text} ${at}`),
    () => corrections.split(id, text.slice(0, at), text.slice(at)),
    () => corrections.merge(id),
    () => corrections.assign(id, person, random() < 0.5),
    () => corrections.mark(id),
    () => corrections.annotate(id, `${at}`),
    () => corrections.undo(),
    () => corrections.redo(),
  ];
  acts[Math.floor(acts.length * random())]();
}

test('whatever is corrected while the server goes on, taking all of it back leaves what the server said', () => {
  const random = dice(7);
  for (let round = 0; round < 200; round++) {
    const { transcript: untouched } = corrected();
    const { transcript, corrections } = corrected();
    for (let k = 0; k < 60; k++) {
      const choice = random();
      if (choice < 0.3) {
        const message = said(k, 2 * k, `말 ${k}`, { speaker: k % 3, label: choice < 0.1 ? 'unknown' : 'sure' });
        for (const each of [transcript, untouched]) each.take(message);
      } else if (choice < 0.4) {
        const update = { segment_id: Math.floor(k * random()), speaker_id: Math.floor(3 * random()) };
        for (const each of [transcript, untouched]) each.correct(update);
      } else correctAnything(transcript, corrections, random);
      assert.equal(new Set(ids(transcript)).size, transcript.entries.length);
      const spans = transcript.entries.flatMap(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);
      for (let i = 2; i < spans.length; i += 2) assert.ok(spans[i] >= spans[i - 2], 'in the order of speech');
    }
    const done = [...transcript.entries];
    let steps = 0;
    while (corrections.undo() !== null) steps += 1;
    assert.deepEqual(transcript.entries, untouched.entries);
    while (steps-- > 0) corrections.redo();
    assert.deepEqual(transcript.entries, done);
  }
});

test('a new correction ends what could be done again, and words of the server do not', () => {
  const { transcript, corrections } = corrected('하나');
  corrections.mark('1.0');
  corrections.undo();
  transcript.take(said(1, 2, '둘'));
  assert.ok(corrections.canRedo);
  corrections.redo();
  corrections.undo();
  corrections.rewrite('1.1', '두울');
  assert.ok(!corrections.canRedo);
});

test('words are learned that were corrected into a sentence, without their endings, and no more once taken back', () => {
  const { transcript, corrections } = corrected('북지관에서 만나요', '네 그래요');
  corrections.rewrite('1.0', '복지관에서 만나요, 또');
  corrections.split('1.1', '네', '그래요');
  assert.deepEqual(learnedWords(transcript.entries, [' 김지영 ', '', '나']), ['김지영', '복지관']);
  corrections.undo();
  corrections.undo();
  assert.deepEqual(learnedWords(transcript.entries, []), []);
});

test('no more words are learned than the protocol takes', () => {
  const { transcript, corrections } = corrected('네');
  const words = Array.from({ length: 120 }, (_, k) => `낱말${k}`);
  corrections.rewrite('1.0', [...words, 'ㄱ'.repeat(51)].join(' '));
  assert.deepEqual(learnedWords(transcript.entries, []), words.slice(-100));
});

test('a search finds words however they are spaced and written, and no pattern in them', async () => {
  Object.defineProperty(globalThis, 'navigator', { value: { language: 'ko' }, configurable: true });
  const { searchPattern } = await import('../../python/hwaja/web/page/searching.js');
  const found = (query, text) => text.split(searchPattern(query));
  assert.deepEqual(found('복지 관', '그 복지관, 복 지관'), ['그 ', '복지관', ', ', '복 지관', '']);
  assert.deepEqual(found('MRI', 'mri.'), ['', 'mri', '.']);
  assert.deepEqual(found('.*', '(?)'), ['(?)']);
  assert.equal(searchPattern(' '), null);
});
