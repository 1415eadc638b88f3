"""Judges the peers' texts: error rates, delays, and the texts of one utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

from hwaja.vad.gate import GateSettings
from hwaja_bench.load.figures import SHARED_SECONDS
from hwaja_bench.speech.dialogue import Span


@dataclass(frozen=True)
class TimedText:
    """A text that arrived during the stream."""

    text: str
    span_seconds: Span
    at_seconds: float
    """Arrival time, from the first sample of the stream."""


def delays(spans_seconds: Sequence[Span], told: Sequence[TimedText]) -> list[float | None]:
    """Return the delay of each clip's last text after the clip's end; None without a text.

    A text belongs to a clip if they share `SHARED_SECONDS`, or half of the shorter of them.

    Args:
        spans_seconds: start of each clip, and end of its speech.
        told: the texts; one text may cover several clips, or be a word with the time of its middle.

    """
    found: list[float | None] = []
    for start, stop in spans_seconds:
        about = [each.at_seconds for each in told if _share((start, stop), each.span_seconds)]
        found.append(max(about) - stop if about else None)
    return found


def _share(clip: Span, text: Span) -> bool:
    wanted = min(SHARED_SECONDS, (clip[1] - clip[0]) / 2, (text[1] - text[0]) / 2)
    return min(clip[1], text[1]) - max(clip[0], text[0]) >= wanted


def utterances(spans_seconds: Sequence[Span]) -> list[Span]:
    """Return the spans of hwaja's utterances from the spans of its texts.

    A text has the start time of its speech; its utterance also has a pre-roll before it. The texts
    of an utterance of two speakers are adjacent.
    """
    joined: list[Span] = []
    for start, stop in sorted(spans_seconds):
        begin = max(0.0, start - GateSettings().pre_roll_seconds)
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((begin, stop))
    return joined
