"""The figures of several recognisers on the same recordings, and whether they differ by chance."""

from collections.abc import Sequence

import msgspec
import numpy as np

from hwaja.selection.chance import Interval, difference
from hwaja.selection.error_counts import Count
from hwaja.selection.measuring import Measured


class Speech(msgspec.Struct, frozen=True):
    """What was recognised."""

    recordings: int
    with_text: int
    seconds: float
    language: str
    workers: int


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """The figures of one recogniser; None: not measured."""

    model: str
    not_measured: str = ""
    """Why the recogniser has no figures, in one sentence; empty where it has some."""
    character_error_rate: float | None = None
    kocer: float | None = None
    """Characters that are wrong by kocer, as a share."""
    word_error_rate: float | None = None
    cpu_seconds: float | None = None
    """Processor time for one second of speech."""
    delay_p50_seconds: float | None = None
    delay_p95_seconds: float | None = None
    delays: int = 0
    """Utterances whose delay was measured."""
    worker_bytes: int | None = None
    streams: int | None = None
    """How many people can talk at once."""
    load_seconds: float | None = None
    failed: int = 0
    """Utterances without a result."""


class Difference(msgspec.Struct, frozen=True):
    """The error rate of a recogniser minus that of the first one."""

    model: str
    first: str
    score: str
    """"kocer" or "CER"."""
    difference: float
    interval: Interval | None
    """Its 95 % interval; None for less than two recordings."""

    @property
    def is_chance(self) -> bool:
        """Whether the interval contains 0."""
        return self.interval is None or self.interval[0] <= 0 <= self.interval[1]


def figures(found: Measured) -> Figures:
    """Return the figures of a recogniser."""
    delays = found.delays_seconds
    p50, p95 = np.percentile(delays, [50, 95]) if delays else (None, None)
    return Figures(
        found.model,
        "",
        _rate(found.characters),
        _rate(found.readings),
        _rate(found.words),
        None if found.cpu_seconds is None else round(found.cpu_seconds, 4),
        None if p50 is None else round(float(p50), 3),
        None if p95 is None else round(float(p95), 3),
        len(delays),
        found.worker_bytes,
        found.streams,
        round(found.load_seconds, 2),
        found.failed,
    )


def differences(found: Sequence[Measured]) -> list[Difference]:
    """Compare each recogniser with the first: by kocer in Korean, by characters otherwise."""
    if not found or not _length(found[0].characters):
        return []
    first = found[0]
    return [_difference(first, other) for other in found[1:]]


def _difference(first: Measured, other: Measured) -> Difference:
    score = "kocer" if first.readings else "CER"
    counts, same = (each.readings or each.characters for each in (first, other))
    changed = sum(errors for errors, _ in same) - sum(errors for errors, _ in counts)
    return Difference(
        other.model, first.model, score, changed / _length(counts), difference(counts, same)
    )


def _rate(counts: Sequence[Count]) -> float | None:
    length = _length(counts)
    return round(sum(errors for errors, _ in counts) / length, 4) if length else None


def _length(counts: Sequence[Count]) -> int:
    return sum(length for _, length in counts)
