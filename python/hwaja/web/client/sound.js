/** Whether sound arrives from a microphone, and if not, why. No device, no timer. */

/** How often the time that passes is counted. */
export const TICK_SECONDS = 0.5;

/** So long what a browser says of itself may differ from what is heard: chunks come late, states too. */
const HELD_SECONDS = 1;

/** A chunk comes every 256 ms; without any for so long there is none. */
const STALLED_SECONDS = 2;

/** No microphone is digitally silent for so long, unless it is muted or takes noise away by itself. */
const SILENT_SECONDS = 5;

/** Nothing is missed yet. */
const NOTHING_MISSED = { chunklessSeconds: 0, soundlessSeconds: 0 };

/** Of a microphone that is opened for the first time; `isRunning` is of the AudioContext. */
export const OPENED = { isRunning: true, isMuted: false, ...NOTHING_MISSED, cause: null };

/**
 * Return what becomes of a state.
 *
 * Once no sound arrives, only sound that does arrive ends that: a browser that says that it goes on may
 * be wrong.
 *
 * @param {object} state OPENED, or what this has returned
 * @param {object} event `{type: 'opened'}`; `{type: 'device', isRunning, isMuted}`, what the browser says
 *   now; `{type: 'chunk', isSilent}`; `{type: 'tick'}`, TICK_SECONDS have passed
 * @returns {object} the same with its `cause`; null: sound arrives. Otherwise `suspended` (by the
 *   browser, as during a telephone call), `muted`, `stalled` (no chunks), `silent` (chunks of zeros)
 */
export function soundAfter(state, event) {
  const next = { ...state, ...CHANGES[event.type](state, event) };
  const isHeard = event.type === 'chunk' && !event.isSilent;
  return { ...next, cause: isHeard ? null : causeOf(next) || state.cause };
}

const CHANGES = {
  opened: () => NOTHING_MISSED,
  device: (state, { isRunning, isMuted }) => {
    const isBack = (isRunning && !state.isRunning) || (!isMuted && state.isMuted);
    return { isRunning, isMuted, ...(isBack ? NOTHING_MISSED : {}) };
  },
  chunk: (state, { isSilent }) => (isSilent ? { chunklessSeconds: 0 } : NOTHING_MISSED),
  tick: ({ chunklessSeconds, soundlessSeconds }) => ({
    chunklessSeconds: chunklessSeconds + TICK_SECONDS,
    soundlessSeconds: soundlessSeconds + TICK_SECONDS,
  }),
};

function causeOf({ isRunning, isMuted, chunklessSeconds, soundlessSeconds }) {
  if (!isRunning && soundlessSeconds >= HELD_SECONDS) return 'suspended';
  if (isMuted && soundlessSeconds >= HELD_SECONDS) return 'muted';
  if (chunklessSeconds >= STALLED_SECONDS) return 'stalled';
  return soundlessSeconds >= SILENT_SECONDS ? 'silent' : null;
}
