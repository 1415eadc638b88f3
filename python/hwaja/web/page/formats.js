/** How times and levels are written. */

/** `1:05`, or `1:00:05` from an hour on. */
export function clockOf(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
  return parts.map((part, place) => (place === 0 ? String(part) : padded(part, 2))).join(':');
}

/** `00:01:05,250`: as SubRip writes it with a comma, and WebVTT with a point. */
export function stampOf(seconds, mark) {
  const ms = Math.max(0, Math.round(1000 * seconds));
  const parts = [Math.floor(ms / 3600000), Math.floor(ms / 60000) % 60, Math.floor(ms / 1000) % 60];
  return parts.map((part) => padded(part, 2)).join(':') + mark + padded(ms % 1000, 3);
}

/** `14:05:30`, of this day. */
export function timeOf(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => padded(part, 2)).join(':');
}

/** The day, as a language writes it. */
export function dateOf(date, language) {
  return date.toLocaleDateString(language, { year: 'numeric', month: 'long', day: 'numeric' });
}

/** `2026-11-26-1905`, of this place, for the name of a file. */
export function fileStampOf(date) {
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const time = [date.getHours(), date.getMinutes()].map((part) => padded(part, 2)).join('');
  return [...day.map((part) => padded(part, 2)), time].join('-');
}

function padded(number, length) {
  return String(number).padStart(length, '0');
}
