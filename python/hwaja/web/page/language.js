/** Which language the page speaks, and what it says in it. */

import { recall, remember } from './memory.js';
import { STRINGS } from './strings.js';

const KEY = 'hwaja.language';

let language = chosen();

/** `ko` or `en`. */
export function languageNow() {
  return language;
}

/** Speak the other language from now on, in this browser. */
export function switchLanguage() {
  language = language === 'ko' ? 'en' : 'ko';
  remember('localStorage', KEY, language);
}

/** Return a text; `{name}` in it becomes `values.name`. */
export function t(key, values = {}) {
  const text = STRINGS[language][key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Have an element say something, in every language that is spoken from now on. */
export function say(element, key, values = {}) {
  element.dataset.t = key;
  element.dataset.tValues = JSON.stringify(values);
  element.textContent = t(key, values);
}

/** Put the texts of elements that name one (`data-t`, `data-t-label`) into them. */
export function translate(root) {
  for (const element of root.querySelectorAll('[data-t]')) {
    element.textContent = t(element.dataset.t, JSON.parse(element.dataset.tValues || '{}'));
  }
  for (const element of root.querySelectorAll('[data-t-label]')) {
    const label = t(element.dataset.tLabel);
    element.setAttribute('aria-label', label);
    if (element.matches('button')) element.title = label;
  }
}

function chosen() {
  const stored = recall('localStorage', KEY);
  if (stored === 'ko' || stored === 'en') return stored;
  return /^ko\b/.test(navigator.language || '') ? 'ko' : 'en';
}
