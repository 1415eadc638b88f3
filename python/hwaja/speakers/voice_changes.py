"""Divides an utterance into parts with one voice each, where the voices are unknown.

The means of the windows before and after an instant are compared. Where they are least alike, the
voice may change. The pieces between such instants are grouped by voice, and the groups' means are
the voices of a cheapest path through the windows, as in `diarize`.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.clustering import ODDS_PER_COSINE, Floats, groups_of, thresholds
from hwaja.speakers.diarize import cheapest_path, mean_embedding, turns_of
from hwaja.speakers.parts import NEXT_SECONDS
from hwaja.speakers.voices import Rows, cosine, units_of

HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE

SIDE_WINDOWS = 6
"""How many windows on each side of an instant are compared: 1.3 s of speech."""

LEAST_WINDOWS = 4
"""Least windows in a piece: 0.96 s of speech, of which 0.64 s are the piece's own."""

CHANGE_COSINE = 0.6
"""With this cosine or more, the two sides are not divided. At 0.5, short turns are missed."""

STRICTNESS = 5.0
"""Log-odds against one voice. Two voices in one part would be two in one person; one voice in two
parts is joined when the speakers are known."""

CERTAIN_ODDS = 3.0
"""Log-odds that two voices speak, to end an open utterance between them: 95 %."""

FITS = 3
"""How often the voices of the groups are fitted to their windows."""

Span = tuple[int, int]
"""Windows `[first, stop)` of an utterance."""


def spans_of_voices(track: VoiceTrack) -> list[Span]:
    """Return the windows of each part of an utterance, in order.

    Raises:
        ValueError: for an embedding without direction (zero or not finite).

    """
    units = units_of(track.windows)
    edges = [0, *_changes(units), len(units)]
    spans = list(pairwise(edges))
    path = _path(track, units, spans) if len(spans) > 1 else [0] * len(units)
    units.fill(0)
    return _without_scraps(turns_of(path))


def next_voice(track: VoiceTrack, start: int) -> int | None:
    """Return the sample at which the last voice of an open utterance certainly begins; or None.

    Args:
        track: embeddings of the end of the utterance, all of it speech.
        start: index of its first sample.

    """
    spans = spans_of_voices(track)
    if len(spans) < 2:
        return None
    before, after = spans[-2:]
    seconds = [(stop - first) * HOP_SECONDS for first, stop in (before, after)]
    likeness = cosine(mean_embedding(track, *before), mean_embedding(track, *after))
    odds = ODDS_PER_COSINE * (likeness - thresholds(np.array(seconds[0]), seconds[1]))
    is_certain = odds <= -CERTAIN_ODDS and seconds[1] >= NEXT_SECONDS
    return start + after[0] * HOP_SAMPLES if is_certain else None


def _changes(units: Rows) -> list[int]:
    """Return where the voice may change: the windows before which both sides are least alike."""
    instants = range(LEAST_WINDOWS, len(units) - LEAST_WINDOWS + 1)
    likeness = {at: _likeness_around(units, at) for at in instants}
    changes: list[int] = []
    for at in sorted(likeness, key=likeness.__getitem__):
        is_apart = all(abs(at - other) >= LEAST_WINDOWS for other in changes)
        if likeness[at] < CHANGE_COSINE and is_apart:
            changes.append(at)
    return sorted(changes)


def _likeness_around(units: Rows, at: int) -> float:
    # The windows at the instant itself would hold both voices.
    before = units[max(0, at - 1 - SIDE_WINDOWS) : at - 1]
    after = units[at + 1 : at + 1 + SIDE_WINDOWS]
    return cosine(before.mean(axis=0), after.mean(axis=0))


def _path(track: VoiceTrack, units: Rows, spans: list[Span]) -> list[int]:
    """Return the voice of each window, by the voices of the groups of pieces."""
    rows = np.stack([mean_embedding(track, *span) for span in spans])
    seconds = np.array([(stop - first) * HOP_SECONDS for first, stop in spans])
    groups = groups_of(rows, seconds, _strict)
    rows.fill(0)
    owners = np.concatenate(
        [np.full(stop - first, group) for (first, stop), group in zip(spans, groups, strict=True)]
    )
    for _ in range(FITS):
        owners = _fitted(units, owners)
    return [int(owner) for owner in owners]


def _strict(seconds: Floats) -> Floats:
    return np.full(len(seconds), -STRICTNESS)


def _fitted(units: Rows, owners: NDArray[np.intp]) -> NDArray[np.intp]:
    """Fit the voices to the windows that they own, and return the owners on the cheapest path."""
    names = np.unique(owners)
    voices = units_of(np.stack([units[owners == name].mean(axis=0) for name in names]))
    path = cheapest_path(units @ voices.T)
    voices.fill(0)
    return np.asarray(names[np.array(path)])


def _without_scraps(spans: list[Span]) -> list[Span]:
    """Return the spans with those that are too short joined to their longer neighbours."""
    spans = list(spans)
    while len(spans) > 1:
        shortest = min(range(len(spans)), key=lambda at: spans[at][1] - spans[at][0])
        first, stop = spans[shortest]
        if stop - first >= LEAST_WINDOWS:
            break
        neighbours = [at for at in (shortest - 1, shortest + 1) if 0 <= at < len(spans)]
        longer = max(neighbours, key=lambda at: spans[at][1] - spans[at][0])
        at = min(shortest, longer)
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]
    return spans
