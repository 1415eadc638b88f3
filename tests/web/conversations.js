/** What a server says of a conversation. */

import { Transcript } from '../../python/hwaja/web/page/transcript.js';

export const BEGAN_MS = Date.parse('2026-11-26T10:00:00.000Z');

/** A `transcription` of the server that began so long after the transcription did. */
export function said(segmentId, startSeconds, text, more = {}) {
  const { speaker = 0, beganMs = BEGAN_MS, seconds = 1.5, label = 'sure' } = more;
  return {
    type: 'transcription',
    segment_id: segmentId,
    speaker_id: speaker,
    text,
    timestamp: new Date(beganMs + 1000 * startSeconds).toISOString(),
    confidence: -28.4,
    start_seconds: startSeconds,
    end_seconds: startSeconds + seconds,
    label,
  };
}

export function begun() {
  const transcript = new Transcript();
  transcript.begin();
  return transcript;
}
