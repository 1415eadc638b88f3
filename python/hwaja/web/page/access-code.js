/** The access code of a link, as in the QR code that `hwaja serve --lan` shows. */

import { recall, remember } from './memory.js';

const LINK = /^#code=([\w.~+-]+)$/;

const CODE_KEY = 'hwaja.code';

/** The letters of a code without what divides its groups: server/access/access_code.py. */
const LETTERS = /^[a-z2-9]{12}$/;

/**
 * What a person typed as the code or token. The keyboard of a phone begins with a capital, and people leave out
 * the hyphens. A code is kept until the tab is closed, as that of a link is; a token is not.
 *
 * @param {string} text
 */
export function typedCode(text) {
  const letters = text.replace(/[\s-]/g, '').toLowerCase();
  if (!LETTERS.test(letters)) return text.trim();
  const code = letters.match(/.{4}/g).join('-');
  remember('sessionStorage', CODE_KEY, code);
  return code;
}

/**
 * The code that the address of this page brings, or that it brought to this tab before; null: none. It
 * leaves the address, so that nobody who sees the address sees the code.
 */
export function accessCode() {
  const [, code] = LINK.exec(location.hash) || [];
  if (code !== undefined) {
    remember('sessionStorage', CODE_KEY, code);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return recall('sessionStorage', CODE_KEY);
}
