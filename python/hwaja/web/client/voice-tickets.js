/** The tickets of the voices of a session: with them, the voices come along to another server. */

export class VoiceTickets {
  constructor() {
    this.forget();
  }

  /** There is no voice any more. */
  forget() {
    this._tickets = new Map(); // by speaker; null: a voice without one
    this._offered = new Map(); // to be restored, and not answered yet
    this._names = new Map(); // what the client called the speakers
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
  take({ type, speaker_id: id, ticket, name }) {
    if (type === 'speaker_named') this._names.set(id, name);
    if (type !== 'speaker_registration_completed') return;
    this._tickets.set(id, ticket || this._offered.get(id) || null);
    this._offered.delete(id);
  }

  /** Whether every voice can come along. */
  get areComplete() {
    return ![...this._tickets.values()].includes(null);
  }

  /** The messages that have another server call the speakers as the last one did. */
  get namings() {
    const known = [...this._names].filter(([id, name]) => this._tickets.has(id) && name !== '');
    return known.map(([id, name]) => ({ type: 'name_speaker', speaker_id: id, name }));
  }

  /** The messages that have another server enrol every voice. */
  get restorations() {
    return [...this._tickets].map(([id, ticket]) => {
      return { type: 'restore_speaker', speaker_id: id, ticket };
    });
  }
}
