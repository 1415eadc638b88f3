/** A telephone that is kept from going to sleep, as browsers lend that: until the page is hidden. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ScreenWakeLock } from '../../python/hwaja/web/page/wake-lock.js';

/** A page and the wake lock of its browser, which is refused to pages that are hidden. */
class Telephone extends EventTarget {
  constructor() {
    super();
    this.visibilityState = 'visible';
    this.held = new Set();
    this.delay = null; // holds back the answer to a request
  }

  async request() {
    await this.delay;
    if (this.visibilityState !== 'visible') throw new DOMException('hidden', 'NotAllowedError');
    const sentinel = new EventTarget();
    sentinel.release = async () => {
      if (this.held.delete(sentinel)) sentinel.dispatchEvent(new Event('release'));
    };
    this.held.add(sentinel);
    return sentinel;
  }

  async turn(visibilityState) {
    this.visibilityState = visibilityState;
    if (visibilityState === 'hidden') [...this.held].forEach((sentinel) => sentinel.release());
    this.dispatchEvent(new Event('visibilitychange'));
    await settled();
  }
}

const settled = () => new Promise(setImmediate);

function telephone() {
  const page = new Telephone();
  return { page, screen: new ScreenWakeLock(page, page) };
}

test('it stays awake while that is wanted, and no longer', async () => {
  const { page, screen } = telephone();
  await page.turn('visible');
  assert.equal(page.held.size, 0);
  screen.want(true);
  screen.want(true);
  await settled();
  assert.equal(page.held.size, 1);
  screen.want(false);
  await settled();
  assert.equal(page.held.size, 0);
});

test('a page that was hidden and is seen again stays awake again', async () => {
  const { page, screen } = telephone();
  screen.want(true);
  await settled();
  for (let k = 0; k < 3; k++) {
    await page.turn('hidden');
    assert.equal(page.held.size, 0);
    await page.turn('visible');
    assert.equal(page.held.size, 1);
  }
  await page.turn('hidden');
  screen.want(false);
  await page.turn('visible');
  assert.equal(page.held.size, 0);
});

test('what begins while the page is hidden keeps it awake once it is seen', async () => {
  const { page, screen } = telephone();
  await page.turn('hidden');
  screen.want(true);
  await settled();
  await page.turn('visible');
  assert.equal(page.held.size, 1);
});

test('a lock that comes when it is not wanted any more is given back', async () => {
  const { page, screen } = telephone();
  let answer;
  page.delay = new Promise((resolve) => (answer = resolve));
  screen.want(true);
  screen.want(false);
  answer();
  await settled();
  assert.equal(page.held.size, 0);
});

test('a browser that lends none, or refuses, disturbs nobody', async () => {
  const { page } = telephone();
  new ScreenWakeLock(page, undefined).want(true);
  page.request = async () => {
    throw new DOMException('battery', 'NotAllowedError');
  };
  new ScreenWakeLock(page, page).want(true);
  await page.turn('visible');
  assert.equal(page.held.size, 0);
});
