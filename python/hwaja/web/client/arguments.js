/** What the callers of an STTClient hand over, as the protocol has it. */

/** Fields of `start_transcription`; what was not asked for is undefined, and not sent. */
export function fieldsOf({
  interimResults,
  speakerUpdates,
  adapt,
  speakers,
  strangers,
  maxSpeakers,
  language,
  hotwords,
  events,
}) {
  return {
    interim_results: interimResults,
    speaker_updates: speakerUpdates,
    adapt,
    speakers,
    strangers,
    max_speakers: maxSpeakers,
    language,
    hotwords,
    events,
  };
}

export function defined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function samplesOf(pcm) {
  const samples = pcm instanceof ArrayBuffer && pcm.byteLength % 2 === 0 ? new Int16Array(pcm) : pcm;
  if (!(samples instanceof Int16Array)) {
    throw new TypeError('PCM16 is an Int16Array, or an ArrayBuffer with two bytes a sample.');
  }
  // The server refuses the whole message ("RIFF"), and its count would not be this one's any more.
  if (samples[0] === 0x4952 && samples[1] === 0x4646) {
    throw new TypeError('A WAV file begins with a header: send what is behind it.');
  }
  return samples;
}
