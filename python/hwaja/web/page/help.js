/** The sheet with the keys. */

import { t } from './language.js';
import { piece } from './sentence.js';

const KEYS = [
  [['↑', '↓'], 'help.go'],
  [['Enter'], 'help.edit'],
  [['Ctrl', 'Enter'], 'help.split'],
  [['Esc'], 'help.escape'],
  [['1', '…', '8'], 'help.speaker'],
  [['Shift', '1', '…', '8'], 'help.onward'],
  [['0'], 'help.stranger'],
  [['J'], 'help.merge'],
  [['M'], 'help.mark'],
  [['N'], 'help.note'],
  [['/'], 'help.search'],
  [['Ctrl', 'Z'], 'correct.undo'],
  [['Ctrl', 'Shift', 'Z'], 'correct.redo'],
  [['?'], 'help.help'],
];

/** Show which key does what; of Apple's keyboards, those have other names. */
export function showKeys(root) {
  const isApple = /^(Mac|iP)/.test(navigator.platform);
  root.textContent = '';
  for (const [keys, text] of KEYS) {
    const term = piece('dt', '');
    for (const key of keys) term.append(piece('kbd', '', isApple && key === 'Ctrl' ? '⌘' : key), ' ');
    root.append(term, piece('dd', '', t(text)));
  }
}
