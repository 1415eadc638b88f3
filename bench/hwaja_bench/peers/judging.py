"""How what was heard is judged: error rates, delays, and which texts stem from one utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

from hwaja.vad.gate import GateSettings
from hwaja_bench.load.figures import SHARED_SECONDS
from hwaja_bench.speech.dialogue import Span


@dataclass(frozen=True)
class TimedText:
    """A text that came while somebody spoke."""

    text: str
    span_seconds: Span
    at_seconds: float
    """When it came, from the first sample of the stream."""


def delays(spans_seconds: Sequence[Span], told: Sequence[TimedText]) -> list[float | None]:
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
