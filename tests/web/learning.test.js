/** Corrected words reach the server only if the person says so. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

Object.defineProperty(globalThis, 'navigator', { value: { language: 'ko' }, configurable: true });
const { Learning } = await import('../../python/hwaja/web/page/learning.js');

/** The box of the page, in front of a server that refuses some words. */
function offered({ takesHotwords = true, refused = [] } = {}) {
  const told = [];
  const shown = [];
  const learn = { checked: false, addEventListener: (_, act) => (learn.press = () => act((learn.checked = !learn.checked))) };
  const parts = { learning: { hidden: true }, learn, learned: { textContent: '' } };
  const online = {
    takesHotwords,
    async learn(words) {
      told.push(words);
      if (words.some((word) => refused.includes(word))) throw Object.assign(new Error(), { reason: 'hotword_unknown' });
    },
  };
  const known = { entries: [{ heard: '북지관', text: '복지관' }], names: ['김지영'] };
  const notices = { show: (kind, key) => shown.push(key) };
  return { learning: new Learning(parts, online, notices, () => known), parts, known, told, shown };
}

test('nothing is told until the box is ticked, and nothing stays told once it is not', () => {
  const { learning, parts, known, told } = offered();
  learning.update();
  assert.deepEqual([parts.learning.hidden, parts.learned.textContent, told], [false, '', []]);
  parts.learn.press();
  assert.equal(parts.learned.textContent, '알린 말: 김지영, 복지관');
  learning.update();
  known.entries = [];
  learning.update();
  parts.learn.press();
  assert.deepEqual(told, [['김지영', '복지관'], ['김지영'], []]);
});

test('words that the model cannot write end it, and are told of', async () => {
  const { parts, told, shown } = offered({ refused: ['복지관'] });
  parts.learn.press();
  await new Promise(setImmediate);
  assert.equal(parts.learn.checked, false);
  assert.deepEqual([told, shown], [[['김지영', '복지관'], []], ['error.hotword_unknown']]);
});

test('where the model takes no words, nobody is asked', () => {
  const { learning, parts } = offered({ takesHotwords: false });
  learning.update();
  assert.equal(parts.learning.hidden, true);
});
