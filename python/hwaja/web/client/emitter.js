/** Tells listeners what happens. Safari 13 has no `EventTarget` to extend. */
export class Emitter {
  constructor() {
    this._listeners = new Map();
  }

  /**
   * Listen.
   *
   * @param {string} type of event
   * @param {function(*): void} listener called with what the event is about
   * @returns {function(): void} stops it
   */
  on(type, listener) {
    const listeners = this._listeners.get(type) || new Set();
    this._listeners.set(type, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Tell all who listen, in the order in which they began; one that throws hinders nobody. */
  emit(type, detail) {
    for (const listener of [...(this._listeners.get(type) || [])]) {
      try {
        listener(detail);
      } catch (error) {
        Promise.reject(error); // reported like every rejection that nobody handles
      }
    }
  }
}
