/** What can go wrong. */

/** What the server refused, or why it cannot be reached. */
export class STTError extends Error {
  /**
   * @param {object} fields of the server's `error` message, or of one made here: `code`, `reason`,
   *   `message`, and where there is one `speaker_id`, `quality`
   * @param {?number} [closeCode] of the connection, where it ended
   */
  constructor(fields, closeCode = null) {
    super(fields.message);
    this.name = 'STTError';
    this.code = fields.code;
    this.reason = orNull(fields.reason);
    this.speakerId = orNull(fields.speaker_id);
    this.quality = orNull(fields.quality);
    this.closeCode = closeCode;
  }
}

export const UNREACHABLE = {
  code: 'CONNECTION_FAILED',
  reason: 'unreachable',
  message: 'No server answers at this address, or it does not let this page in.',
};
export const NO_TOKEN = {
  code: 'CONNECTION_FAILED',
  reason: 'no_token',
  message: 'The function of the option token brought no token.',
};
export const CLOSED = {
  code: 'CONNECTION_FAILED',
  reason: 'closed',
  message: 'The connection was closed.',
};
export const LOST = {
  code: 'CONNECTION_FAILED',
  reason: 'lost',
  message: 'The connection was lost, and the session with it: enrol the voices again.',
};

/** What is refused here as the server would refuse it. */
export function misplaced(code) {
  return new STTError({ code, reason: 'wrong_state', message: 'Not now: something else goes on.' });
}

function orNull(value) {
  return value === undefined ? null : value;
}

const SENTENCES = {
  insecure_context: 'A microphone is given to pages that come over HTTPS, and to localhost, only.',
  unsupported: 'This browser has no way to a microphone.',
  permission_denied: 'The microphone was not allowed.',
  no_device: 'There is no such microphone.',
  device_busy: 'The microphone cannot be read; another program may be using it.',
  ended: 'The microphone was unplugged, or taken away.',
};

/** Why there is no microphone; `reason` is one of the keys of the table above. */
export class MicrophoneError extends Error {
  /**
   * @param {string} reason for programs
   * @param {?Error} [cause] what the browser said
   */
  constructor(reason, cause = null) {
    super(SENTENCES[reason]);
    this.name = 'MicrophoneError';
    this.reason = reason;
    this.cause = cause;
  }
}
