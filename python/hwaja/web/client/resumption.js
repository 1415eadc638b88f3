/** Coming back to a session over another connection; no socket, no clock. */

/** How long a server keeps the session of a client that is away (`--resume-seconds`). */
export const RESUME_SECONDS = 60;

/** What a token is made of: of what the server takes, all that the name of a subprotocol may have. */
export const TOKEN = /^[\w.~+-]+$/;

const FIRST_DELAY_SECONDS = 0.25;
const LONGEST_DELAY_SECONDS = 8;

/** What a client knows of its session. */
export class Resumption {
  /**
   * @param {boolean} wanted whether the client is to come back at all
   * @param {boolean} asksHello whether the server is to say what it can do
   * @param {boolean} roams whether another server may take over: one that leaves then sends it away
   */
  constructor(wanted, asksHello = false, roams = false) {
    this._wanted = wanted;
    this._roams = roams;
    this._asksHello = asksHello;
    this.forget();
  }

  /** Begin with another session. */
  forget() {
    this._token = null;
    /** The number of the last message. */
    this.lastNumber = 0;
  }

  /** Come back to a session that an earlier page had, with all messages up to a number. */
  recall(sessionToken, lastNumber) {
    this._token = sessionToken;
    this.lastNumber = lastNumber;
  }

  /** Whether there is a session to come back to. */
  get isPossible() {
    return this._token !== null;
  }

  /**
   * Return the subprotocols to offer: a browser cannot set a header, and an address would be logged.
   *
   * @param {?string} bearer what the server wants of those it lets in
   */
  protocols(bearer) {
    const offered = [];
    if (this._wanted) offered.push(this.isPossible ? `hwaja.resume.${this._token}` : 'hwaja.resume');
    if (this._roams) offered.push('hwaja.roam');
    if (this._asksHello) offered.push('hwaja.hello');
    if (bearer !== null) offered.push(`hwaja.bearer.${bearer}`);
    return offered.length > 0 ? ['hwaja', ...offered] : [];
  }

  /**
   * Take `model_loaded`.
   *
   * @returns {boolean} whether this is the session that was
   */
  welcome(message) {
    if (message.resumed !== true) this.forget();
    if (message.session_token !== undefined) this._token = message.session_token;
    return message.resumed === true;
  }

  /** Whether a message was not had before: on another connection some are sent once more. */
  isNews(message) {
    if (message.number === undefined) return true;
    if (message.number <= this.lastNumber) return false;
    this.lastNumber = message.number;
    return true;
  }
}

/** How long to wait before each attempt to connect anew, and when to give up. */
export class BackOff {
  /** @param {function(): number} random in [0, 1): clients do not all come at the same moment */
  constructor(random) {
    this._random = random;
    this.reset();
  }

  /** The next wait is a first one. */
  reset() {
    this._attempts = 0;
  }

  /**
   * Return how long to wait: twice as long once each address was tried, up to 8 s, a random half of it
   * left out.
   *
   * @param {number} awaySeconds since the connection was lost
   * @param {number} addresses how many there are
   * @returns {?number} in seconds; null: the server has forgotten the session by now
   */
  nextDelaySeconds(awaySeconds, addresses = 1) {
    if (awaySeconds >= RESUME_SECONDS) return null;
    const rounds = Math.floor(this._attempts / addresses);
    const longest = Math.min(FIRST_DELAY_SECONDS * 2 ** rounds, LONGEST_DELAY_SECONDS);
    this._attempts++;
    return longest * (0.5 + this._random() / 2);
  }
}
