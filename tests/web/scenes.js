/** A client in front of a scripted socket, in the states that tests begin with. */

import { STTClient } from 'hwaja';

import { Clock, scriptedSockets } from './scripted-socket.js';

const EVENTS = ['state', 'error', 'overrun', 'reconnecting', 'reconnected', 'lost', 'closed'];

export function setUp(options = {}) {
  const { ScriptedSocket, sockets } = scriptedSockets();
  const clock = new Clock();
  const client = new STTClient('wss://stt.example/', {
    WebSocket: ScriptedSocket,
    clock,
    random: () => 1,
    ...options,
  });
  const told = [];
  EVENTS.forEach((type) => client.on(type, (detail) => told.push([type, detail])));
  const of = (type) => told.filter((each) => each[0] === type).map((each) => each[1]);
  return { client, clock, sockets, of };
}

export async function connected(options) {
  const scene = setUp(options);
  const connecting = scene.client.connect();
  scene.sockets[0].greet();
  await connecting;
  return { ...scene, socket: scene.sockets[0] };
}

export async function transcribing(options) {
  const scene = await connected(options);
  const starting = scene.client.startTranscription();
  scene.socket.say('transcription_started', { number: 1 });
  await starting;
  return scene;
}

export async function enrolling(options) {
  const scene = await connected(options);
  const starting = scene.client.startSpeakerRegistration(0);
  scene.socket.say('speaker_registration_started', { speaker_id: 0 });
  await starting;
  return scene;
}

/** Wait for an event of a client. */
export function told(client, type) {
  return new Promise((resolve) => client.on(type, resolve));
}
