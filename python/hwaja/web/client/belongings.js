/** What comes along to another session: voices by their tickets, names, and the link of a second screen. */

export class Belongings {
  constructor() {
    this.forget();
  }

  /** There is nothing any more. */
  forget() {
    this._tickets = new Map(); // by speaker; null: a voice without one
    this._offered = new Map(); // to be restored, and not answered yet
    this._names = new Map(); // what the client called the speakers
    this._linkKey = null; // of the link; null: the session is not shared
  }

  /** These voices are there, from before the page was loaded. */
  know(speakerIds, tickets) {
    for (const id of speakerIds) {
      if (!this._tickets.has(id)) this._tickets.set(id, tickets[id] || null);
    }
  }

  /** A voice is to be restored by its ticket. */
  offer(speakerId, ticket) {
    this._offered.set(speakerId, ticket);
  }

  /** Take a message of the server. */
  take({ type, speaker_id: id, ticket, name, key = null }) {
    if (type === 'session_shared') this._linkKey = key;
    if (type === 'speaker_named') this._names.set(id, name);
    if (type !== 'speaker_registration_completed') return;
    this._tickets.set(id, ticket || this._offered.get(id) || null);
    this._offered.delete(id);
  }

  /** How many voices there are. */
  get count() {
    return this._tickets.size;
  }

  /** Whether every voice can come along. */
  get areComplete() {
    return ![...this._tickets.values()].includes(null);
  }

  /** The messages that have another server enrol every voice. */
  get restorations() {
    return [...this._tickets].map(([id, ticket]) => {
      return { type: 'restore_speaker', speaker_id: id, ticket };
    });
  }

  /** The messages that have another server call the speakers as the last one did. */
  get namings() {
    const known = [...this._names].filter(([id, name]) => this._tickets.has(id) && name !== '');
    return known.map(([id, name]) => ({ type: 'name_speaker', speaker_id: id, name }));
  }

  /** The message, if there is a link, with which another session is shown by it. */
  get sharings() {
    return this._linkKey === null ? [] : [{ type: 'share_session', key: this._linkKey, request_id: 'shared' }];
  }
}
