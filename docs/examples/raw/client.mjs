// Enrols two voices and transcribes a talk, with nothing but the WebSocket of Node 22.
//
// NODE_EXTRA_CA_CERTS=dev-cert.pem node client.mjs wss://localhost:8088 mina.wav jisu.wav talk.wav
// (Node 20: node --experimental-websocket client.mjs ...)

import { readFileSync } from 'node:fs';

const CHUNK_BYTES = 8192;
const [url, ...files] = process.argv.slice(2);
const talk = files.pop();
const server = new WebSocket(url);
const say = (type, fields) => server.send(JSON.stringify({ type, ...fields }));

/** Sends a WAV file of 16 kHz, mono, 16 bit. */
function sendWav(file) {
  const wav = readFileSync(file);
  const audio = wav.subarray(wav.indexOf('data') + 8); // behind the header
  for (let at = 0; at < audio.length; at += CHUNK_BYTES) {
    server.send(audio.subarray(at, at + CHUNK_BYTES));
  }
}

function enrolOrTalk(speakerId) {
  if (speakerId === files.length) {
    say('start_transcription');
    return;
  }
  say('start_speaker_registration', { speaker_id: speakerId });
  sendWav(files[speakerId]);
  say('complete_speaker_registration', { speaker_id: speakerId });
}

const answers = {
  model_loaded: () => enrolOrTalk(0),
  speaker_registration_completed: ({ speaker_id }) => enrolOrTalk(speaker_id + 1),
  transcription_started: () => {
    sendWav(talk);
    say('stop_transcription');
  },
  transcription: ({ speaker_id, text }) => console.log(`${speaker_id}: ${text}`),
  transcription_stopped: () => server.close(),
  error: ({ code, message }) => {
    console.error(`${code}: ${message}`);
    process.exitCode = 1;
    server.close();
  },
};

server.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  answers[message.type]?.(message);
};
server.onerror = ({ message }) => {
  console.error(message);
  process.exitCode = 1;
};
