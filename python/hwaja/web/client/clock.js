/** Time, as the client asks for it; tests have another. */
export const CLOCK = {
  /** Seconds since some moment. */
  now: () => performance.now() / 1000,

  /** Call `action` after so many seconds; returns what prevents that. */
  after(seconds, action) {
    const timer = setTimeout(action, 1000 * seconds);
    return () => clearTimeout(timer);
  },
};
