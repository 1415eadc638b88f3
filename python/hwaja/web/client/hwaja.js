/** The browser client of hwaja. docs/javascript.md says how to use it. */

export { MicrophoneError, STTError } from './errors.js';
export { Microphone } from './microphone.js';
export { CHUNK_SAMPLES, Chunker, SAMPLE_RATE, convertToPCM16 } from './pcm.js';
export { Resampler } from './resampler.js';
export { STTClient } from './stt-client.js';
