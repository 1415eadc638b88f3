/** A promise that is settled from elsewhere, once. */
export class Deferred {
  constructor() {
    this.isSettled = false;
    this._promise = new Promise((resolve, reject) => {
      this._resolve = resolve;
      this._reject = reject;
    });
    this._promise.catch(() => {}); // nobody may have asked
  }

  /** The promise for somebody who asks: a rejection that they do not handle is reported. */
  asked() {
    return this._promise.then((value) => value);
  }

  resolve(value) {
    this.isSettled = true;
    this._resolve(value);
  }

  reject(error) {
    this.isSettled = true;
    this._reject(error);
  }
}
