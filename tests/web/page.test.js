/** What the page knows of a conversation, and what it says. No document. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { adviceOn } from '../../python/hwaja/web/page/advice.js';
import { clockOf, stampOf } from '../../python/hwaja/web/page/formats.js';
import { STRINGS } from '../../python/hwaja/web/page/strings.js';
import { ENOUGH_SECONDS, LEAST_SECONDS, LONGEST_SECONDS, Take } from '../../python/hwaja/web/page/take.js';

import { BEGAN_MS, begun, said } from './conversations.js';

test('a later transcription goes on behind the first by the clock of the server', () => {
  const transcript = begun();
  transcript.take(said(0, 2, '하나'));
  transcript.begin();
  const entry = transcript.take(said(0, 1, '둘', { beganMs: BEGAN_MS + 60000 }));
  assert.deepEqual([entry.startSeconds, entry.endSeconds], [61, 62.5]);
  assert.notEqual(entry.id, transcript.entries[0].id);
});

test('a correction reaches the utterance of its own transcription only', () => {
  const transcript = begun();
  transcript.take(said(3, 1, '하나'));
  transcript.begin();
  transcript.take(said(3, 1, '둘', { beganMs: BEGAN_MS + 60000 }));
  transcript.correct({ segment_id: 3, speaker_id: 1 });
  assert.deepEqual(transcript.entries.map((entry) => entry.speakerId), [0, 1]);
  assert.deepEqual(transcript.correct({ segment_id: 9, speaker_id: 1 }), []);
});

test('the dialogue dashes of Whisper are taken off what two people say at once, and nothing else', () => {
  const transcript = begun();
  const heard = (text, label) => transcript.take(said(transcript.entries.length, 0, text, { label })).text;
  assert.equal(heard('- 네. - 그래요, 10-20명.', 'overlap'), '네. 그래요, 10-20명.');
  assert.equal(heard('- 네.', 'sure'), '- 네.');
});

test('an interim text stands until its final one comes, or it is taken back', () => {
  const transcript = begun();
  transcript.overhear({ segment_id: 0, text: '안녕' });
  transcript.take(said(7, 0, '다른 말'));
  assert.equal(transcript.interim.text, '안녕');
  transcript.take(said(0, 1, '안녕하세요'));
  assert.equal(transcript.interim, null);
  transcript.overhear({ segment_id: 1, text: '저' });
  transcript.overhear({ segment_id: 1, text: '' });
  assert.equal(transcript.interim, null);
});

test('clocks and stamps count hours, minutes, seconds and milliseconds', () => {
  assert.deepEqual([0, 59.9, 60, 3599, 3725].map(clockOf), ['0:00', '0:59', '1:00', '59:59', '1:02:05']);
  assert.equal(stampOf(3725.0625, ','), '01:02:05,063');
  assert.equal(stampOf(59.9996, '.'), '00:01:00.000');
});

test('a take counts what stands out of the noise, in a quiet room and in a loud one', () => {
  for (const noiseDbfs of [-75, -45]) {
    const take = new Take();
    for (let k = 0; k < 40; k++) take.hear(noiseDbfs, 0.05);
    assert.equal(take.speechSeconds, 0);
    for (let k = 0; k < 40; k++) take.hear(noiseDbfs + 20, 0.05);
    assert.ok(Math.abs(take.speechSeconds - 2) < 1e-9);
  }
});

test('a take may be ended, and ends, by how much was said, and by itself where nothing is', () => {
  const take = new Take();
  take.hear(-70, 0.05);
  const speak = (seconds) => take.hear(-30, seconds - take.speechSeconds);
  speak(LEAST_SECONDS - 0.1);
  assert.deepEqual([take.isLongEnough, take.isComplete], [false, false]);
  speak(LEAST_SECONDS + 0.1);
  assert.deepEqual([take.isLongEnough, take.isComplete], [true, false]);
  speak(ENOUGH_SECONDS + 0.1);
  assert.equal(take.isComplete, true);
  const silent = new Take();
  silent.hear(-70, LONGEST_SECONDS);
  assert.deepEqual([silent.isComplete, silent.isLongEnough], [true, false]);
});

test('a take in which nothing is said for 4 s needs a hint, until something is', () => {
  const take = new Take();
  const hear = (dbfs, seconds) => {
    for (let k = 0; k < 20 * seconds; k++) take.hear(dbfs, 0.05);
    return take.isSilent;
  };
  assert.deepEqual([hear(-70, 3.9), hear(-70, 0.2), hear(-30, 0.1)], [false, true, false]);
  assert.deepEqual([hear(-70, 3.9), hear(-70, 0.2)], [false, true]);
});

test('both languages say everything, with the same blanks to fill in', () => {
  const blanks = (text) => (text.match(/\{\w+\}/g) || []).sort();
  assert.deepEqual(Object.keys(STRINGS.ko).sort(), Object.keys(STRINGS.en).sort());
  for (const [key, text] of Object.entries(STRINGS.ko)) {
    assert.deepEqual(blanks(STRINGS.en[key]), blanks(text), key);
    assert.ok(text.trim() && STRINGS.en[key].trim(), key);
  }
});

test('no two languages say the same but where they must', () => {
  const same = Object.keys(STRINGS.ko).filter((key) => STRINGS.ko[key] === STRINGS.en[key]);
  assert.deepEqual(same.filter((key) => !/^voice\.sentence|^talk\.level/.test(key)), []);
});

test('every reason of the server, the client and the microphone has its advice', () => {
  const server = readFileSync(new URL('../../python/hwaja/protocol/codes.py', import.meta.url), 'utf8');
  const [reasons] = server.split('class Reason(StrEnum)')[1].split('\nclass ');
  const client = readFileSync(new URL('../../python/hwaja/web/client/errors.js', import.meta.url), 'utf8');
  const [, microphone] = client.split('const SENTENCES');
  const named = [
    ...reasons.matchAll(/= "(\w+)"/g),
    ...client.matchAll(/reason: '(\w+)'/g),
    ...microphone.matchAll(/^ {2}(\w+): '/gm),
  ].map(([, reason]) => reason);
  assert.ok(named.length > 35);
  for (const reason of named) assert.ok(STRINGS.ko[`error.${reason}`], reason);
});

test('every text that the page asks for is there, and none is there for nothing', () => {
  const page = new URL('../../python/hwaja/web/', import.meta.url);
  const read = (name) => readFileSync(new URL(name, page), 'utf8');
  const sources = readdirSync(new URL('page/', page)).filter((name) => /\.js$/.test(name) && !/^(strings|korean|english)\.js$/.test(name));
  const text = read('index.html') + read('subtitles.html') + sources.map((name) => read(`page/${name}`)).join('');
  const asked = [...text.matchAll(/['"`]((?:language|status|setup|microphone|voice|talk|label|export|notice|token|error|sound|limit|correct|search|learn|help|text|keep|share|subtitles|step|consent)\.[\w.]+|privacy)['"`]/g)].map(([, key]) => key);
  for (const key of asked) assert.ok(STRINGS.ko[key], key);
  const built = /^(status|label|error|sound|limit|voice\.sentence)\.|^voice\.(waiting|next|recording|checking)$/;
  for (const key of Object.keys(STRINGS.ko)) assert.ok(asked.includes(key) || built.test(key), key);
});

test('a server that is full says so by its close code alone', () => {
  assert.equal(adviceOn({ code: 'CONNECTION_FAILED', reason: null, closeCode: 1013 }), 'error.server_full');
  assert.equal(adviceOn({ code: 'SPEAKER_REGISTRATION_FAILED', reason: 'two_voices' }), 'error.two_voices');
  assert.equal(adviceOn(new TypeError('oops')), 'error.unknown');
});

test('a blocked microphone is unblocked where the browser of now has its settings', () => {
  const agents = {
    '.edge': 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    '.chrome': 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    '.safari': 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
    '.firefox': 'Gecko/20100101 Firefox/145.0',
    '': '',
  };
  for (const [end, userAgent] of Object.entries(agents)) {
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
    const key = adviceOn({ reason: 'permission_denied' });
    assert.equal(key, `error.permission_denied${end}`);
    assert.ok(STRINGS.ko[key]);
  }
});

test('a span of seconds does not break across lines', () => {
  for (const text of [...Object.values(STRINGS.ko), ...Object.values(STRINGS.en)]) {
    assert.doesNotMatch(text, /3[~–]5| 주 세요|[가-힣]주세요/, text);
  }
});
