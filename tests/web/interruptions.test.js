/** Interruptions of a microphone: what the page does by itself, and what it tells. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Emitter } from '../../python/hwaja/web/client/emitter.js';
import { Interruptions } from '../../python/hwaja/web/page/interruptions.js';

function page() {
  const listening = Object.assign(new Emitter(), { resumed: 0, refreshed: 0 });
  listening.resume = () => listening.resumed++;
  listening.refresh = () => listening.refreshed++;
  const online = Object.assign(new Emitter(), { state: 'transcribing' });
  const told = [];
  const notices = { show: (kind, key, values) => told.push([kind, values.seconds]) };
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const devices = new EventTarget();
  const clock = { seconds: 0 };
  new Interruptions(document, devices, { listening, online, notices }, () => clock.seconds);
  const hear = (atSeconds) => {
    clock.seconds = atSeconds;
    listening.emit('level', {});
  };
  return { listening, online, told, document, devices, hear };
}

test('sound that was missing for seconds is told, a short delay is not', () => {
  const { told, hear } = page();
  for (const at of [0, 0.05, 2.9, 3, 15]) hear(at);
  assert.deepEqual(told, [['gap', 12]]);
});

test('time without a connection is no gap while sound arrives', () => {
  const { told, online, hear } = page();
  hear(0);
  online.state = 'reconnecting';
  for (let at = 1; at < 9; at++) hear(at);
  online.state = 'transcribing';
  hear(9);
  assert.deepEqual(told, []);
});

test('time between two transcriptions is no gap', () => {
  const { told, online, hear } = page();
  hear(0);
  online.state = 'ready';
  online.emit('state', 'ready');
  hear(10);
  online.state = 'transcribing';
  hear(20);
  assert.deepEqual(told, []);
});

test('a page that is seen again goes on, and one that is hidden does not', () => {
  const { listening, document } = page();
  document.visibilityState = 'hidden';
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(listening.resumed, 0);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(listening.resumed, 1);
});

test('microphones that come or go are listed anew', () => {
  const { listening, devices } = page();
  devices.dispatchEvent(new Event('devicechange'));
  assert.equal(listening.refreshed, 1);
});
