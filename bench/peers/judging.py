"""How what was heard is judged: error rates, delays, and which texts stem from one utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from hwaja.benchmark.load.figures import SHARED_SECONDS
from hwaja.benchmark.wording import normalise
from hwaja.vad.gate import GateSettings

Span = tuple[float, float]
"""From, to, in seconds of a stream."""


@dataclass(frozen=True)
class Told:
    """A text that came while somebody spoke."""

    text: str
    span_seconds: Span
    at_seconds: float
    """When it came, from the first sample of the stream."""


@dataclass(frozen=True)
class Spread:
    """Of many times."""

    p50: float
    p95: float
    longest: float


def error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Return the CER of all texts in a row.

    So it does not matter which of them a recording's last word counts for, nor where a peer cuts.
    """
    reference = normalise("".join(said))
    return Levenshtein.distance(reference, normalise("".join(heard))) / len(reference)


def delays(spans_seconds: Sequence[Span], told: Sequence[Told]) -> list[float | None]:
    """Return how long after the end of each clip its last text came; None where there is none.

    Args:
        spans_seconds: where each clip begins, and where its speech ends.
        told: the texts; one may be about several clips.

    """
    found: list[float | None] = []
    for start, stop in spans_seconds:
        wanted = min(SHARED_SECONDS, (stop - start) / 2)
        about = [
            each.at_seconds
            for each in told
            if min(stop, each.span_seconds[1]) - max(start, each.span_seconds[0]) >= wanted
        ]
        found.append(max(about) - stop if about else None)
    return found


def spread(seconds: Sequence[float]) -> Spread | None:
    """Summarise; None where there is nothing."""
    if not seconds:
        return None
    return Spread(*(float(each) for each in np.percentile(seconds, [50, 95, 100])))


def utterances(spans_seconds: Sequence[Span]) -> list[Span]:
    """Return what hwaja heard at once, where it told of it.

    A text is told with the beginning of its speech, before which its utterance has a pre-roll. Of
    an utterance of two speakers the texts adjoin.
    """
    joined: list[Span] = []
    for start, stop in sorted(spans_seconds):
        begin = max(0.0, start - GateSettings().pre_roll_seconds)
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((begin, stop))
    return joined
