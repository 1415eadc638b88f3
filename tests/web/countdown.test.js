/** What happens by itself after a countdown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countDown } from '../../python/hwaja/web/page/countdown.js';

test('every second is told before something happens, and nothing follows it', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const told = [];
  countDown(2, (left) => told.push(left), () => told.push('now'));
  assert.deepEqual(told, [2]);
  mock.timers.tick(1000);
  assert.deepEqual(told, [2, 1]);
  mock.timers.tick(1000);
  mock.timers.tick(5000);
  assert.deepEqual(told, [2, 1, 'now']);
});

test('a countdown that is stopped tells nothing more, and nothing happens', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const told = [];
  const stop = countDown(3, (left) => told.push(left), () => told.push('now'));
  mock.timers.tick(1000);
  stop();
  mock.timers.tick(9000);
  assert.deepEqual(told, [3, 2]);
});
