/** What a browser remembers of the page, if it remembers anything at all. No text and no sound. */

/**
 * Return what was kept; null: nothing, or a browser that keeps nothing.
 *
 * @param {string} place `localStorage`, or `sessionStorage` until the tab is closed
 * @param {string} key
 */
export function recall(place, key) {
  return tried(() => window[place].getItem(key));
}

/** Keep a string; null: nothing any more. */
export function remember(place, key, value) {
  tried(() => (value === null ? window[place].removeItem(key) : window[place].setItem(key, value)));
}

function tried(access) {
  try {
    return access();
  } catch (error) {
    return null;
  }
}
