/** What a strict TypeScript program does with the client; it is compiled, never run. */

import {
  ClientEvents,
  Microphone,
  MicrophoneError,
  Resampler,
  STTClient,
  STTError,
  ServerMessage,
  convertToPCM16,
} from 'hwaja';
import { OpusEncoder, OpusError, OpusFormat } from 'hwaja/opus.js';
import { WebSocket as NodeWebSocket } from 'ws';

/** Every message is told from the others by its type, and none is forgotten. */
export function said(message: ServerMessage): string {
  switch (message.type) {
    case 'model_loaded':
      return `${message.session_token ?? ''} ${message.resumed === true}`;
    case 'speaker_registration_started':
      return message.speaker_id.toFixed();
    case 'speaker_registration_completed':
      return (message.quality?.warnings ?? []).map(({ reason }) => reason).join();
    case 'transcription_started':
      return message.message;
    case 'transcription':
      return `${message.speaker_id} ${message.text} ${message.label ?? ''}`;
    case 'interim':
      return message.text.slice(0, message.stable_chars);
    case 'speaker_update':
      return `${message.segment_id} ${message.speaker_id}`;
    case 'speaker_named':
      return `${message.speaker_id} ${message.name}`;
    case 'voice_sealed':
      return message.ticket ?? '';
    case 'session_shared':
      return message.token ?? '';
    case 'transcription_stopped':
      return message.speakers.map((share) => share.speech_seconds).join();
    case 'finalized':
      return `${message.received_samples} ${message.request_id ?? ''}`;
    case 'transcription_updated':
      return message.message;
    case 'transcription_paused':
    case 'transcription_resumed':
      return message.received_samples.toFixed();
    case 'speech_started':
      return `${message.segment_id} ${message.start_seconds}`;
    case 'speech_ended':
      return `${message.segment_id} ${message.end_seconds}`;
    case 'utterance_dropped':
      return `${message.segment_id} ${message.reason}`;
    case 'lag':
      return message.seconds.toFixed();
    case 'audio_received':
      return message.received_samples.toFixed();
    case 'too_far_ahead':
      return `${message.hold} ${message.waiting_seconds}`;
    case 'limit_warning':
      return `${message.reason} ${message.seconds_left}`;
    case 'error':
      return `${message.code} ${message.reason ?? ''}`;
    default: {
      const forgotten: never = message;
      return forgotten;
    }
  }
}

export async function converse(url: string, samples: Float32Array): Promise<number> {
  const client = new STTClient(url, { token: 't', renew: false, WebSocket: NodeWebSocket });
  const stop: () => void = client.on('transcription', ({ text }) => text.trim());
  client.on('closed', ({ code, error }) => `${code} ${error?.reason ?? ''}`);
  client.on('overrun', ({ lostSamples }) => lostSamples.toFixed());
  const events: (keyof ClientEvents)[] = ['lost', 'renewed', 'reconnected'];
  // @ts-expect-error there is no such event
  client.on('nothing', () => {});
  // @ts-expect-error a text is no number
  client.on('interim', ({ text }) => text.toFixed());
  // @ts-expect-error options are checked
  await client.startTranscription({ interim_results: true });
  try {
    await client.connect();
    await client.startSpeakerRegistration(0, { add: true, quality: true });
    await client.sendAudio(convertToPCM16(samples));
    await client.completeSpeakerRegistration(0);
    (await client.nameSpeaker(0, '김지영')).name.trim();
    const { link, key } = await client.share();
    (await client.share({ key })).link.startsWith(link);
    await client.stopSharing();
    await client.startTranscription({ hotwords: ['화자', { text: '복지관', boost: 2 }] });
    await client.startTranscription({ speakers: 'channels', audio: { encoding: 'mulaw', sampleRate: 8000, channels: 2 } });
    if (await OpusEncoder.isSupported()) await client.startTranscription({ audio: new OpusFormat() });
    const encoder = new OpusEncoder({ bitsPerSecond: 24_000 });
    encoder.on('packet', (packet) => client.sendAudio(packet));
    encoder.on('error', (error: OpusError) => console.log(error.reason, error.cause));
    encoder.encode(new Int16Array(4096));
    await encoder.flush();
    await client.sendAudio(new Uint8Array(320));
  } catch (error) {
    if (error instanceof STTError && error.reason === 'same_voice') return error.closeCode ?? 0;
    throw error;
  }
  stop();
  return events.length + (await client.stopTranscription()).utterances;
}

export async function listen(client: STTClient): Promise<void> {
  const microphone = new Microphone({ workletUrl: '/worklet.js' });
  microphone.on('chunk', (chunk) => client.sendAudio(chunk));
  microphone.on('level', ({ peakDbfs, rmsDbfs }) => peakDbfs - rmsDbfs);
  microphone.on('sound', ({ arrives, cause }) => arrives || cause === 'suspended');
  microphone.on('ended', (error: MicrophoneError) => error.reason === 'ended');
  const [device] = await microphone.devices();
  await microphone.open({ deviceId: device?.deviceId, constraints: { noiseSuppression: true } });
  new Resampler(48_000).process(new Float32Array(128));
}
