/** What the callers of an STTClient hand over, as the protocol has it. */

import { formatOf } from './audio-format.js';

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
  audio,
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
    audio: audio && formatOf(audio),
  };
}

export function defined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
