"""From the embeddings of an utterance to its parts, each with one voice."""

import numpy as np

from hwaja.engines.interface import HOP_SAMPLES, Embedding, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.calibration import evidence_per_score
from hwaja.speakers.parts import Part
from hwaja.speakers.viterbi import find_turns
from hwaja.speakers.voices import Voices
from hwaja.vad.gate import Segment

BELIEVED_PROBABILITY = 0.8
"""A turn whose voice is less sure than this is no turn of its own."""


def unscored_part(segment: Segment, voices: Voices) -> Part:
    """Return a segment as one part, of which nothing is compared yet."""
    speech_seconds = segment.speech_samples / SAMPLE_RATE
    return Part(segment.start, segment.stop, voices.speaker_ids, speech_seconds)


def whole_part(track: VoiceTrack, whole: Part, voices: Voices) -> Part:
    """Return an utterance as one part, whoever speaks in the midst of it; as `read_parts`."""
    return _part(track, (0, len(track.windows)), whole, voices)


def read_parts(track: VoiceTrack, whole: Part, voices: Voices) -> tuple[Part, ...]:
    """Return the parts of an utterance, in order; neighbours are nearest to different voices.

    Args:
        track: the utterance's.
        whole: the utterance as one part; not short.
        voices: the enrolled ones, at least one.

    Raises:
        ValueError: for embeddings without direction.

    """
    spans = find_turns(voices.leanings(track.windows))
    while True:
        parts = [_part(track, span, whole, voices) for span in spans]
        at = _unfounded(parts)
        if at is None:
            return tuple(parts)
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]


def _unfounded(parts: list[Part]) -> int | None:
    """Return after which part there is no change of speaker; None if every change is founded."""
    for at in range(len(parts) - 1):
        if parts[at].nearest == parts[at + 1].nearest:
            return at
    doubts = [(part.probability, at) for at, part in enumerate(parts)]
    least, at = min(doubts)
    if len(parts) == 1 or least >= BELIEVED_PROBABILITY:
        return None
    # With the longer neighbour; what is left of the others is looked at again.
    neighbours = [k for k in (at - 1, at + 1) if 0 <= k < len(parts)]
    longer = max(neighbours, key=lambda k: parts[k].speech_seconds)
    return min(at, longer)


def _part(track: VoiceTrack, span: tuple[int, int], whole: Part, voices: Voices) -> Part:
    first, stop = span
    hops = len(track.windows)
    samples = whole.stop - whole.start
    start_sample = first * HOP_SAMPLES
    stop_sample = samples if stop == hops else stop * HOP_SAMPLES
    share = (stop_sample - start_sample) / samples
    speech_seconds = whole.speech_seconds * share
    embedding = track.whole if stop - first == hops else _voice_between(track, first, stop)
    likeness = voices.likeness(embedding[None])
    scores = likeness.scores[0]
    overlap_seconds = float(track.overlap[first:stop].sum()) * HOP_SAMPLES / SAMPLE_RATE
    return Part(
        start=whole.start + start_sample,
        stop=whole.start + stop_sample,
        speaker_ids=voices.speaker_ids,
        speech_seconds=speech_seconds,
        cosines=tuple(likeness.cosines[0].tolist()),
        scores=tuple(scores.tolist()),
        evidence=tuple((scores * evidence_per_score(speech_seconds)).tolist()),
        overlap_seconds=min(speech_seconds, overlap_seconds),
    )


def _voice_between(track: VoiceTrack, first: int, stop: int) -> Embedding:
    """Return the mean of windows, without those at a change, which hear both sides of it."""
    inner = slice(first + (first > 0), stop - (stop < len(track.windows)))
    windows = track.windows[inner] if inner.start < inner.stop else track.windows[first:stop]
    mean: Embedding = windows.mean(axis=0, dtype=np.float32)
    return mean
