/**
 * The client, as tests/test_web_client.py drives it against the real server: reads a job from the
 * standard input, writes what the client told to the standard output, both JSON.
 *
 * A job has `url`, `voices` and `talk` (files with PCM16), `options` of the client, `wishes` of the
 * transcription, and how often a connection is cut after a chunk: `cuts` in [0, 1) and a `seed`. With
 * `wishes.audio`, the talk is encoded so: of Opus, each packet behind its length, a byte.
 */

import { readFileSync } from 'node:fs';

import { CHUNK_SAMPLES, STTClient } from 'hwaja';
import { OpusFormat } from 'hwaja/opus.js';
import { WebSocket } from 'ws';

import { blocks, dice } from './signals.js';

const job = JSON.parse(readFileSync(0, 'utf8'));
const random = dice(job.seed);
const sockets = [];

class CuttableSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    sockets.push(this);
  }
}

const told = [];
const client = new STTClient(job.url, { WebSocket: CuttableSocket, ...job.options });
const TYPES = ['transcription', 'interim', 'speaker_update', 'error', 'overrun', 'renewed', 'lost'];
for (const type of TYPES) client.on(type, (detail) => told.push({ event: type, ...detail }));

const ARRAYS = { pcm16: Int16Array, f32: Float32Array, mulaw: Uint8Array };

function* packets(data) {
  for (let at = 0; at < data.length; at += 1 + data[at]) yield data.subarray(at + 1, at + 1 + data[at]);
}

function chunks(file, encoding) {
  const data = readFileSync(file);
  if (encoding === 'opus') return packets(data);
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
  return blocks(new ARRAYS[encoding](buffer), () => CHUNK_SAMPLES);
}

async function play(file, { encoding = 'pcm16' } = {}) {
  for (const chunk of chunks(file, encoding)) {
    await client.sendAudio(chunk);
    if (random() < job.cuts) sockets[sockets.length - 1].terminate();
  }
}

await client.connect();
const enrolled = [];
for (const [speakerId, voice] of job.voices.entries()) {
  await client.startSpeakerRegistration(speakerId, { quality: true });
  await play(voice);
  enrolled.push(await client.completeSpeakerRegistration(speakerId));
}
const { audio } = job.wishes;
if (audio !== undefined && audio.encoding === 'opus') job.wishes.audio = new OpusFormat(audio);
await client.startTranscription(job.wishes);
await play(job.talk, job.wishes.audio);
const stopped = await client.stopTranscription();
await client.close();
process.stdout.write(JSON.stringify({ told, enrolled, stopped, connections: sockets.length }));
