"""Divides an utterance into parts with one voice each, by the embeddings of its windows.

People answer without a pause, so one utterance may hold several voices. The embedding of each
window gives evidence for each voice. A change of speaker has a cost, since it is unlikely. The path
with the most evidence less costs (Viterbi, 1967) gives the speaker of each window. Then the voices
are fitted to their windows, and the path is searched again.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES, Embedding, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Label
from hwaja.speakers.overlap import NAMED_SECONDS, Span, divide_turns
from hwaja.speakers.parts import Part, evidence_per_score
from hwaja.speakers.voices import Voices
from hwaja.vad.gate import Segment

MIN_TURN_PROBABILITY = 0.8
"""A turn whose voice is less probable than this is merged with a neighbour."""


def unscored_part(segment: Segment, voices: Voices) -> Part:
    """Return a segment as one part, without any scores yet."""
    speech_seconds = segment.speech_samples / SAMPLE_RATE
    return Part(segment.start, segment.stop, voices.speaker_ids, speech_seconds)


def whole_part(track: VoiceTrack, whole: Part, voices: Voices) -> Part:
    """Return an utterance as one part, however many speakers it has. See `split_by_voice`."""
    return _part(track, (0, len(track.windows)), whole, voices)


def split_by_voice(track: VoiceTrack, whole: Part, voices: Voices) -> tuple[Part, ...]:
    """Return the parts of an utterance, in order.

    Neighbouring parts have different voices, or one of them is a long overlap.

    Args:
        track: embeddings of the utterance.
        whole: the utterance as one part; not short.
        voices: the enrolled voices, at least one.

    Raises:
        ValueError: for an embedding without direction (zero or not finite).

    """
    path = cheapest_path(voices.rank_scores(track.windows))
    for _ in range(FITS):
        path = cheapest_path(voices.fitted_rank_scores(track.windows, np.array(path)))
    turns, _ = _merged(track, turns_of(path), whole, voices, _pair_to_merge)
    divided = divide_turns(turns, track.overlap.tolist())
    spans, parts = _merged(track, divided, whole, voices, _pair_of_one_voice)
    return tuple(
        replace(part, other=_other(track, span, parts, at, voices))
        for at, (part, span) in enumerate(zip(parts, spans, strict=True))
    )


def _merged(
    track: VoiceTrack,
    spans: list[Span],
    whole: Part,
    voices: Voices,
    pair_to_merge: Callable[[list[Part]], int | None],
) -> tuple[list[Span], list[Part]]:
    """Return spans of windows and their parts, after all pairs that must be were merged."""
    spans = list(spans)
    while True:
        parts = [_part(track, span, whole, voices) for span in spans]
        at = pair_to_merge(parts)
        if at is None:
            return spans, parts
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]


def _other(track: VoiceTrack, span: Span, parts: list[Part], at: int, voices: Voices) -> int | None:
    """Return the index of the second voice of part `at`; None if it has one voice.

    It is the voice of a neighbour, if that is another one: among four voices, this is right in 97
    of 100 overlaps, and the second nearest voice in 80 (bench/RESULTS.md).
    """
    nearest = parts[at].nearest
    if parts[at].overlap_seconds < NAMED_SECONDS or len(voices.speaker_ids) < 2:
        return None
    windows = slice(*span)
    overlapped = track.windows[windows][track.overlap[windows] > 0].mean(axis=0)
    scores = voices.rank_scores(overlapped[None])[0]
    neighbours = {part.nearest for part in parts[max(0, at - 1) : at + 2]}
    candidates = neighbours - {nearest} or set(range(len(scores))) - {nearest}
    return max(candidates, key=lambda index: float(scores[index]))


def _pair_of_one_voice(parts: list[Part]) -> int | None:
    """Return the first part of a pair with one voice, of which neither is an overlap; or None.

    What a long overlap leaves of a turn may be too little to be a turn.
    """
    for at, (one, other) in enumerate(pairwise(parts)):
        is_overlap = Label.OVERLAP in (one.label, other.label)
        if one.nearest == other.nearest and not is_overlap:
            return at
    return None


def _pair_to_merge(parts: list[Part]) -> int | None:
    """Return the first part of a pair that must be merged; None if every change is believed."""
    for at in range(len(parts) - 1):
        if parts[at].nearest == parts[at + 1].nearest:
            return at
    doubts = [(part.probability, at) for at, part in enumerate(parts)]
    least, at = min(doubts)
    if len(parts) == 1 or least >= MIN_TURN_PROBABILITY:
        return None
    # Merge it with the longer neighbour. The caller then checks the remaining parts again.
    neighbours = [k for k in (at - 1, at + 1) if 0 <= k < len(parts)]
    longer = max(neighbours, key=lambda k: parts[k].speech_seconds)
    return min(at, longer)


def _part(track: VoiceTrack, span: Span, whole: Part, voices: Voices) -> Part:
    part, embedding = piece_of(track, span, whole)
    similarity = voices.score(embedding[None])
    scores = similarity.scores[0]
    return replace(
        part,
        speaker_ids=voices.speaker_ids,
        cosines=tuple(similarity.cosines[0].tolist()),
        scores=tuple(scores.tolist()),
        evidence=tuple((scores * evidence_per_score(part.speech_seconds)).tolist()),
    )


def piece_of(track: VoiceTrack, span: Span, whole: Part) -> tuple[Part, Embedding]:
    """Return a part of an utterance without its scores, and its embedding, shape (dim,).

    Args:
        track: embeddings of the utterance.
        span: windows `[first, stop)` of the part.
        whole: the utterance as one part.

    """
    first, stop = span
    hops = len(track.windows)
    samples = whole.stop - whole.start
    start_sample = first * HOP_SAMPLES
    stop_sample = samples if stop == hops else stop * HOP_SAMPLES
    speech_seconds = whole.speech_seconds * (stop_sample - start_sample) / samples
    overlap_seconds = float(track.overlap[first:stop].sum()) * HOP_SAMPLES / SAMPLE_RATE
    part = Part(
        start=whole.start + start_sample,
        stop=whole.start + stop_sample,
        speaker_ids=whole.speaker_ids,
        speech_seconds=speech_seconds,
        overlap_seconds=min(speech_seconds, overlap_seconds),
    )
    is_all = stop - first == hops
    return part, track.whole if is_all else mean_embedding(track, first, stop)


def mean_embedding(track: VoiceTrack, first: int, stop: int) -> Embedding:
    """Return the mean of windows, shape (dim,). Skip the windows at a change: they mix voices."""
    inner = slice(first + (first > 0), stop - (stop < len(track.windows)))
    windows = track.windows[inner] if inner.start < inner.stop else track.windows[first:stop]
    mean: Embedding = windows.mean(axis=0, dtype=np.float32)
    return mean


CHANGE_COST = 1.5
"""Natural log-odds against a change of speaker from one window to the next. At 1, more single
voices are cut in two. At 3, fewer changes are found (bench/RESULTS.md, "Changes in noise")."""

FITS = 2
"""How often the voices are fitted. More changes nothing."""

_EVIDENCE = evidence_per_score(WINDOW_SAMPLES / SAMPLE_RATE) * HOP_SAMPLES / WINDOW_SAMPLES
"""Evidence of a score difference of 1 in one window. Windows overlap, so each counts only for its
hop."""


def turns_of(path: list[int]) -> list[Span]:
    """Return the turns of a path, in order, as ranges of windows `[first, stop)`."""
    turns = []
    first = 0
    for _, windows in groupby(path):
        stop = first + len(list(windows))
        turns.append((first, stop))
        first = stop
    return turns


def cheapest_path(rank_scores: NDArray[np.float32]) -> list[int]:
    """Return the voice of each window on the path with the most evidence less change costs.

    Args:
        rank_scores: scores of the windows, shape (n, voices) with n >= 1; see `Voices.rank_scores`.

    """
    evidence = rank_scores * _EVIDENCE
    total = evidence[0]
    origins = []
    for step in evidence[1:]:
        leader = int(total.argmax())
        changes = total[leader] - CHANGE_COST > total
        origins.append(np.where(changes, leader, np.arange(len(total))))
        total = np.where(changes, total[leader] - CHANGE_COST, total) + step
    path = [int(total.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return path[::-1]
