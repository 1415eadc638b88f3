/** What is published, and what a page loads of it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const CLIENT = new URL('../../python/hwaja/web/client/', import.meta.url);
const FILES = readdirSync(CLIENT);
const SOURCES = FILES.filter((name) => name.endsWith('.js'));

function source(name) {
  return readFileSync(new URL(name, CLIENT), 'utf8');
}

function imports(name) {
  return [...source(name).matchAll(/ from '(.+)';/g)].map(([, path]) => path);
}

/** All files that are loaded with one, itself first. */
function loaded(name, found = new Set()) {
  if (!found.has(name)) {
    found.add(name);
    imports(name).forEach((path) => loaded(path.replace('./', ''), found));
  }
  return [...found];
}

test('the package holds its own files and nothing else', () => {
  const options = { cwd: CLIENT, encoding: 'utf8' };
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], options));
  const types = ['audio.d.ts', 'hwaja.d.ts', 'messages.d.ts', 'microphone.d.ts', 'opus.d.ts'];
  const expected = [...SOURCES, ...types, 'LICENSE', 'README.md', 'package.json'];
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), expected.sort());
  assert.deepEqual(expected, FILES.sort());
});

test('it depends on nothing', () => {
  const manifest = JSON.parse(source('package.json'));
  assert.deepEqual(
    Object.keys(manifest).filter((key) => /dependencies|scripts/i.test(key)),
    []
  );
  for (const name of SOURCES) {
    for (const path of imports(name)) assert.ok(SOURCES.includes(path.replace('./', '')), path);
  }
});

test('a page loads no file of the worklet or of Opus unless it needs them, and all others', () => {
  const page = loaded('hwaja.js');
  const others = ['worklet.js', 'opus.js', 'opus-format.js', 'opus-packets.js', 'packet-queue.js'];
  assert.deepEqual([...page, ...others].sort(), SOURCES.sort());
  assert.deepEqual([...new Set([...page, 'worklet.js', ...loaded('opus.js')])].sort(), SOURCES.sort());
});

test('the worklet loads no more than it needs on the audio thread', () => {
  const files = ['worklet.js', 'capture.js', 'filter.js', 'level.js', 'pcm.js', 'resampler.js'];
  assert.deepEqual(loaded('worklet.js').sort(), files.sort());
});

test('nothing in it needs more than script-src and connect-src of a strict policy', () => {
  for (const name of SOURCES) {
    assert.doesNotMatch(source(name), /\beval\b|new Function|\bBlob\b|createObjectURL|innerHTML/, name);
  }
});

for (const [types, name] of [['hwaja.d.ts', 'hwaja'], ['opus.d.ts', 'hwaja/opus.js']]) {
  test(`everything that ${name} exports has a type, and every type of a value its export`, async () => {
    const { default: ts } = await import('typescript');
    const program = ts.createProgram([new URL(types, CLIENT).pathname], {});
    const checker = program.getTypeChecker();
    const [file] = program.getRootFileNames().map((root) => program.getSourceFile(root));
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
    const values = symbols.filter(({ flags }) => flags & ts.SymbolFlags.Value).map((each) => each.name);
    assert.deepEqual(values.sort(), Object.keys(await import(name)).sort());
  });
}
