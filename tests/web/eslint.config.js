/** What the client and its tests keep to; above all, what the client's oldest browsers have. */

import js from '@eslint/js';
import compat from 'eslint-plugin-compat';
import globals from 'globals';

/** The specification's browsers. */
const BROWSERS = ['chrome >= 80', 'firefox >= 75', 'safari >= 13', 'edge >= 80'];

/** Asked for before they are used; what lacks them has another way. */
const ASKED_FOR = ['AudioContext', 'AudioEncoder', 'AudioWorkletNode', 'navigator.clipboard', 'navigator.wakeLock'];

export default [
  { ignores: ['**/node_modules/**'] },
  {
    ...js.configs.recommended,
    rules: { ...js.configs.recommended.rules, 'no-unused-vars': ['error', { caughtErrors: 'none' }] },
  },
  {
    files: ['python/hwaja/web/**/*.js'],
    plugins: { compat },
    languageOptions: {
      ecmaVersion: 2019,
      // `globalThis` is newer than ES2019, but not than these browsers.
      globals: { ...globals.browser, ...globals.audioWorklet, globalThis: 'readonly' },
    },
    settings: { browsers: BROWSERS, polyfills: ASKED_FOR, lintAllEsApis: true },
    rules: { 'compat/compat': 'error' },
  },
  {
    files: ['python/hwaja/web/client/worklet-url.js'],
    languageOptions: { ecmaVersion: 2020 },
  },
  {
    files: ['tests/web/**/*.js'],
    languageOptions: { globals: globals.node },
  },
];
