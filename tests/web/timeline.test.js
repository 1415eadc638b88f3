/** Times of a conversation that the server hears as several transcriptions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Timeline } from '../../python/hwaja/web/client/timeline.js';
import { BEGAN_MS, said } from './conversations.js';
import { dice } from './signals.js';

const MINUTE_SAMPLES = 60 * 16_000;

/** What is told of messages; `null` between them stands for a renewal after a minute. */
function dated(messages) {
  const timeline = new Timeline();
  return messages
    .map((message) => (message === null ? timeline.renew(MINUTE_SAMPLES) : timeline.dated(message)))
    .filter((message) => message !== undefined);
}

const timestamps = (told) => told.map(({ timestamp }) => Date.parse(timestamp) - BEGAN_MS);

test('a part that the server dates by when its audio came late is dated by the conversation', () => {
  const late = BEGAN_MS + 60_000 + 8_000;
  const told = dated([said(0, 2, '하나'), null, said(0, 1, '둘', { beganMs: late })]);
  assert.deepEqual(timestamps(told), [2000, 61_000]);
});

test('time in which no audio came is in the dates of every later part', () => {
  const resumed = BEGAN_MS + 30_000; // the server's clock moves on behind a gap
  const told = dated([
    said(0, 2, '하나'),
    said(1, 9, '둘', { beganMs: resumed }),
    null,
    said(0, 1, '셋', { beganMs: resumed + 60_000 }),
    said(1, 9, '넷', { beganMs: resumed + 65_000 }),
    null,
    said(0, 1, '다섯', { beganMs: resumed + 125_000 }),
  ]);
  assert.deepEqual(timestamps(told), [2000, 39_000, 91_000, 104_000, 156_000]);
});

test('a part never begins before the words of the last one ended', () => {
  const told = dated([said(0, 70, '하나'), null, said(0, 0.5, '둘')]);
  assert.deepEqual(told.map(({ start_seconds: start }) => start), [70, 72]);
});

test('whatever the clock does between two parts, the dates go on', () => {
  const random = dice(18);
  for (let k = 0; k < 100; k++) {
    const messages = [];
    for (let part = 0; part < 4; part++) {
      const beganMs = BEGAN_MS + 7200_000 * (random() - 0.5);
      for (let id = 0; id < 3; id++) messages.push(said(id, 10 * id + 5 * random(), '말', { beganMs }));
      messages.push(null);
    }
    const told = dated(messages);
    const dates = timestamps(told);
    assert.deepEqual(dates, [...dates].sort((one, other) => one - other));
    told.slice(1).forEach(({ start_seconds: start }, i) => assert.ok(start >= told[i].end_seconds));
  }
});
