"""Computes the figures of a load test."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hwaja_bench.load.playing import Final, Transcript
from hwaja_bench.load.talk import Talk
from hwaja_bench.processes import Look, spent
from hwaja_bench.stats import Spread, spread

SHARED_SECONDS = 0.3
"""An utterance and a clip with a shorter overlap do not match.

Each of them has 0.2 s before and after its speech.
"""

ADJOINING_SECONDS = 0.25
"""Maximum gap between two parts of an utterance: they share a sample."""

AT_ONCE_SECONDS = 0.5
"""Adjacent texts that arrive closer together than this belong to one utterance of several speakers.

Where an utterance was cut for its length, the next text takes seconds to arrive.
"""

TOGETHER = "all processes"


@dataclass(frozen=True, slots=True)
class Figures:
    """The results of a load test."""

    clients: int
    """Clients that the server accepted."""
    turned_away: int
    audio_seconds: float
    """Audio that all clients streamed together."""
    speech_share: float
    """Share of the audio within clips."""
    delays: Spread
    """Delays of utterances: from the end of the last speaker's speech to the text."""
    turn_delays: Spread
    """Delays of all texts, each from the end of its own speech.

    Without pauses, an utterance has several texts, and the first one waits for the last one.
    """
    by_client: list[Spread]
    by_third: list[Spread]
    """Delays in each third of the test's duration, which show a growing delay."""
    lost: int
    """Clips without a text."""
    doubled: int
    """Texts for the same time as the text before."""
    errors: int
    interims: int
    cpu: dict[str, float]
    """CPU seconds per second of one stream, by process.

    Speech detection in the front process is listed separately.
    """
    resident_mib: dict[str, tuple[float, float]]
    """Memory by process: at the beginning of the test, and at the peak."""
    loop_lag_p99: float | None
    """99th percentile of the event loop's lag, in seconds (a histogram bound)."""


def figures(
    talks: Sequence[Talk],
    transcripts: Sequence[Transcript],
    looks: Sequence[Look],
    detection_seconds: float = 0.0,
    loop_lag_p99: float | None = None,
) -> Figures:
    """Return the figures; clients that the server refused do not count.

    Args:
        talks: reference speech, by client.
        transcripts: received texts, by client.
        looks: measurements of the processes.
        detection_seconds: CPU time of the front process for speech detection.
        loop_lag_p99: as in `Figures`.

    """
    turned_away = sum(each.turned_away for each in transcripts)
    pairs = [pair for pair in zip(talks, transcripts, strict=True) if not pair[1].turned_away]
    talks, transcripts = [talk for talk, _ in pairs], [each for _, each in pairs]
    last = [last_parts(each.finals) for each in transcripts]
    finals = [
        (each.began_seconds + final.at_seconds, final)
        for each, parts in zip(transcripts, last, strict=True)
        for final in parts
    ]
    whole_seconds = max((at for at, _ in finals), default=0.0)
    thirds: list[list[Final]] = [[], [], []]
    for at, final in finals:
        thirds[min(2, int(3 * at / whole_seconds))].append(final)
    audio_seconds = sum(len(talk.pcm) for talk in talks) / 32_000
    spoken_seconds = sum(stop - start for talk in talks for start, stop in talk.spans_seconds)
    return Figures(
        len(talks),
        turned_away,
        audio_seconds,
        spoken_seconds / audio_seconds,
        delays([final for _, final in finals]),
        delays([final for each in transcripts for final in each.finals]),
        [delays(parts) for parts in last],
        [delays(third) for third in thirds],
        sum(
            lost(talk.spans_seconds, each.finals)
            for talk, each in zip(talks, transcripts, strict=True)
        ),
        sum(doubled(each.finals) for each in transcripts),
        sum(each.errors for each in transcripts),
        sum(each.interims for each in transcripts),
        _cpu(looks, detection_seconds, audio_seconds),
        _resident_mib(looks),
        loop_lag_p99,
    )


def last_parts(finals: Sequence[Final]) -> list[Final]:
    """Return the text of each utterance's last speaker, from texts in order of arrival."""
    return [
        final
        for final, after in itertools.zip_longest(finals, finals[1:])
        if after is None
        or after.at_seconds - final.at_seconds > AT_ONCE_SECONDS
        or after.start_seconds - final.end_seconds > ADJOINING_SECONDS
    ]


def delays(finals: Sequence[Final]) -> Spread:
    """Return the distribution of the texts' delays."""
    return spread([final.delay_seconds for final in finals])


class Span(Protocol):
    """The time of a text in its stream."""

    @property
    def start_seconds(self) -> float:
        """Its first sample."""

    @property
    def end_seconds(self) -> float:
        """Its last sample."""


def lost(spans_seconds: Sequence[tuple[float, float]], finals: Sequence[Span]) -> int:
    """Return the number of clips without a text."""
    return sum(
        not any(
            min(stop, final.end_seconds) - max(start, final.start_seconds)
            >= min(SHARED_SECONDS, (stop - start) / 2)
            for final in finals
        )
        for start, stop in spans_seconds
    )


def doubled(finals: Sequence[Span]) -> int:
    """Return the number of texts for the same time as another; overlapping turns share little."""
    in_order = sorted(finals, key=lambda final: (final.start_seconds, final.end_seconds))
    return sum(
        before.end_seconds - after.start_seconds
        > 0.5 * min(f.end_seconds - f.start_seconds for f in (before, after))
        for before, after in itertools.pairwise(in_order)
    )


def _cpu(looks: Sequence[Look], detection_seconds: float, audio_seconds: float) -> dict[str, float]:
    used = spent(looks[0], looks[-1], detection_seconds)
    used[TOGETHER] = sum(used.values())
    return {name: round(seconds / audio_seconds, 5) for name, seconds in used.items()}


def _resident_mib(looks: Sequence[Look]) -> dict[str, tuple[float, float]]:
    found = {}
    for name, first in looks[0].resident_bytes.items():
        most = max(look.resident_bytes.get(name, 0) for look in looks)
        found[name] = round(first / 2**20, 1), round(most / 2**20, 1)
    return found
