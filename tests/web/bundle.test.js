/** hwaja.js as one file. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import * as client from '../../python/hwaja/web/client/hwaja.js';
import * as opus from '../../python/hwaja/web/client/opus.js';
import { bundle } from './bundle.js';

test('one file exports what the separate ones do, and has the worklet in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hwaja-'));
  try {
    const file = join(folder, 'hwaja.mjs');
    await bundle(file);
    const source = readFileSync(file, 'utf8');
    assert.doesNotMatch(source, /\bimport\s*[({"'*]|\bfrom\s*["']/);
    assert.match(source, /registerProcessor/);
    assert.ok(source.length < 80_000, String(source.length));
    const whole = await import(pathToFileURL(file));
    assert.deepEqual(Object.keys(whole).sort(), Object.keys({ ...client, ...opus }).sort());
    assert.equal(typeof new whole.STTClient('wss://localhost:8088').on, 'function');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
