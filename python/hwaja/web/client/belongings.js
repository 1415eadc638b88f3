/** What comes along to another session: voices by their tickets, names, and the link of a second screen. */

export class Belongings {
  constructor() {
    this.forget();
  }

  /** There is nothing any more. */
  forget() {
    this._tickets = new Map(); // by speaker; null: a voice without one
    this._found = new Map(); // tickets of the voices that the server discovered
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
    if (type === 'voice_sealed') {
      this._tickets.delete(id); // kept by the last session, or known to it before the page was loaded
      if (ticket === undefined) this._found.delete(id);
      else this._found.set(id, ticket);
    }
    if (type !== 'speaker_registration_completed') return;
    this._found.delete(id);
    this._tickets.set(id, ticket || this._offered.get(id) || null);
    this._offered.delete(id);
  }

  /** The server may refuse a voice that was discovered, and discover it anew. */
  mayLack(speakerId) {
    return this._found.has(speakerId);
  }

  /** Only these discovered voices came along: the ids of the others will be other people's. */
  keepFound(speakerIds) {
    for (const id of this._found.keys()) if (!speakerIds.includes(id)) this._found.delete(id);
    for (const id of this._names.keys()) if (!this.speakerIds.includes(id)) this._names.delete(id);
  }

  /** Whose voices can come along. */
  get speakerIds() {
    return [...this._tickets.keys(), ...this._found.keys()];
  }

  /** How many voices there are. */
  get count() {
    return this._tickets.size;
  }

  /** Whether every voice can come along. */
  get areComplete() {
    return ![...this._tickets.values()].includes(null);
  }

  /** The messages that have another server enrol every voice, first those that it may not refuse. */
  get restorations() {
    return [...this._tickets, ...this._found].map(([id, ticket]) => {
      return { type: 'restore_speaker', speaker_id: id, ticket };
    });
  }

  /** The messages that have another server call the speakers as the last one did. */
  get namings() {
    const named = [...this._names].filter(([, name]) => name !== '');
    return named.map(([id, name]) => ({ type: 'name_speaker', speaker_id: id, name }));
  }

  /** The message, if there is a link, with which another session is shown by it. */
  get sharings() {
    return this._linkKey === null ? [] : [{ type: 'share_session', key: this._linkKey, request_id: 'shared' }];
  }
}
