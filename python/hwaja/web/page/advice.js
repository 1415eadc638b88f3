/** What a person is told of an error of the client, the server or the microphone. */

/** An open door that is shut again: the server has no place (RFC 6455's registry, 1013). */
const TRY_AGAIN_LATER = 1013;

/** How a browser names itself. Each names also those that are behind it here. */
const BROWSERS = [
  ['Edg', 'edge'],
  ['Firefox', 'firefox'],
  ['Chrome', 'chrome'],
  ['Safari', 'safari'],
];

/**
 * Return which of the texts says what to do.
 *
 * @param {Error} error an STTError, a MicrophoneError, or what nobody expected
 * @returns {string} a key of the strings
 */
export function adviceOn(error) {
  if (error.reason === 'permission_denied') return `error.permission_denied${browserNow()}`;
  if (error.closeCode === TRY_AGAIN_LATER) return 'error.server_full';
  return error.reason ? `error.${error.reason}` : 'error.unknown';
}

/** Return whether another connection may help. */
export function isOfConnection(error) {
  return error.code === 'CONNECTION_FAILED';
}

/** Return whether a voice that was kept is no good any more. */
export function isOfTicket(error) {
  return typeof error.reason === 'string' && error.reason.startsWith('ticket_');
}

/** Which browser's settings to name, as the end of a key; empty: one that is not known. */
function browserNow() {
  const found = BROWSERS.find(([name]) => (navigator.userAgent || '').includes(name));
  return found === undefined ? '' : `.${found[1]}`;
}
