/** The file that a person keeps, in a browser that fetches it when it likes to. */

import assert from 'node:assert/strict';
import { resolveObjectURL } from 'node:buffer';
import { mock, test } from 'node:test';

import { download } from '../../python/hwaja/web/page/download.js';

test('a browser that fetches the file long after the click gets it, and none keeps the text', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const link = { click() {} };
  globalThis.document = { createElement: () => link };
  download('안녕하세요', 'text/plain;charset=utf-8', 'hwaja.txt');
  delete globalThis.document;
  mock.timers.tick(30_000);
  const file = resolveObjectURL(link.href);
  assert.equal(await file.text(), '안녕하세요');
  assert.equal(file.type, 'text/plain;charset=utf-8');
  assert.equal(link.download, 'hwaja.txt');
  mock.timers.tick(60_000);
  assert.equal(resolveObjectURL(link.href), undefined);
  mock.timers.reset();
});
