/** Whether sound arrives: from what is heard, and from what the browser says. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OPENED, TICK_SECONDS, soundAfter } from '../../python/hwaja/web/client/sound.js';
import { dice } from './signals.js';

const SOUND = { type: 'chunk', isSilent: false };
const ZEROS = { type: 'chunk', isSilent: true };
const TICK = { type: 'tick' };
const device = (isRunning, isMuted = false) => ({ type: 'device', isRunning, isMuted });

/** So many seconds in which each tick brings something else as well. */
const lasting = (seconds, ...events) =>
  Array.from({ length: seconds / TICK_SECONDS }, () => [TICK, ...events]).flat();

/** The causes that there are one after another, from a microphone on which sound arrives. */
function causes(...events) {
  const found = [null];
  events.flat().reduce((state, event) => {
    const next = soundAfter(state, event);
    if (next.cause !== found[found.length - 1]) found.push(next.cause);
    return next;
  }, OPENED);
  return found;
}

test('sound that arrives is no problem, whatever the browser says of itself', () => {
  assert.deepEqual(causes(device(false, true), lasting(60, SOUND)), [null]);
});

test('a call interrupts, and what was interrupted is back when sound is, not when it is said', () => {
  const found = causes(device(false), lasting(3), device(true), lasting(1, ZEROS));
  assert.deepEqual(found, [null, 'suspended']);
  assert.deepEqual(causes(device(false), lasting(3), device(true), SOUND), [null, 'suspended', null]);
  assert.deepEqual(causes(device(false), lasting(3), SOUND), [null, 'suspended', null]);
});

test('what is interrupted for a moment only is not spoken of', () => {
  assert.deepEqual(causes(device(false), TICK, device(true), SOUND, lasting(9, SOUND)), [null]);
});

test('chunks that were on their way when a call came do not take it back', () => {
  const found = causes(lasting(1, SOUND), device(false), SOUND, SOUND, lasting(30));
  assert.deepEqual(found, [null, 'suspended']);
});

test('a muted track is spoken of, whether it brings zeros or nothing', () => {
  assert.deepEqual(causes(device(true, true), lasting(9, ZEROS)), [null, 'muted']);
  assert.deepEqual(causes(device(true, true), lasting(9)), [null, 'muted']);
});

test('zeros for some seconds are a microphone that is switched off, and end with the first sound', () => {
  assert.deepEqual(causes(lasting(4.5, ZEROS)), [null]);
  assert.deepEqual(causes(lasting(60, ZEROS), SOUND), [null, 'silent', null]);
  assert.deepEqual(causes(lasting(60, ZEROS, ZEROS, SOUND)), [null]);
});

test('chunks that stop coming without a word are missed', () => {
  assert.deepEqual(causes(lasting(60, SOUND), lasting(60)), [null, 'stalled']);
  assert.deepEqual(causes(lasting(60), lasting(60, ZEROS), SOUND), [null, 'stalled', 'silent', null]);
});

test('a microphone that is opened anew counts as not heard until it is', () => {
  const opened = { type: 'opened' };
  assert.deepEqual(causes(lasting(9), opened, lasting(1)), [null, 'stalled']);
  assert.deepEqual(causes(lasting(9), opened, SOUND), [null, 'stalled', null]);
});

test('whatever happened before, sound ends every cause and ten seconds without it bring one', () => {
  const random = dice(16);
  const any = () => [SOUND, ZEROS, TICK, device(true), device(false), device(true, true)][Math.floor(6 * random())];
  for (let k = 0; k < 300; k++) {
    const before = Array.from({ length: 40 }, any).reduce(soundAfter, OPENED);
    assert.equal(soundAfter(before, SOUND).cause, null);
    for (const chunks of [[], [ZEROS]]) {
      assert.notEqual(lasting(10, ...chunks).reduce(soundAfter, before).cause, null);
    }
  }
});
