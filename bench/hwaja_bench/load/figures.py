"""The figures of a load test."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from hwaja_bench.load.playing import Final, Transcript
from hwaja_bench.load.talk import Talk
from hwaja_bench.processes import Look, spent
from hwaja_bench.stats import Spread, spread

SHARED_SECONDS = 0.3
"""An utterance and a clip that share less have nothing to do with each other: each has 0.2 s before
and behind its speech."""

ADJOINING_SECONDS = 0.25
"""Parts of an utterance share a sample; each says where its speech begins and ends."""

AT_ONCE_SECONDS = 0.5
"""Texts that adjoin and come closer together than this are of one utterance, in which several
speak; where one was cut as it became too long, the next takes seconds to come."""

TOGETHER = "all processes"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load test found."""

    clients: int
    """Who were let in."""
    turned_away: int
    audio_seconds: float
    """Streamed by all together."""
    speech_share: float
    """Of the audio, within clips."""
    delays: Spread
    """Of utterances: from the end of the last one who speaks in it until the text came."""
    turn_delays: Spread
    """Of all texts, each from the end of its own speech: where nobody pauses, an utterance has
    several, and the first waits for the last."""
    by_client: list[Spread]
    by_third: list[Spread]
    """Of the test's time: a delay that grows shows here."""
    lost: int
    """Clips of which no text came."""
    doubled: int
    """Texts about the same time as the one before."""
    errors: int
    interims: int
    cpu: dict[str, float]
    """Processor seconds for each second of one stream, by process; of the front, speech detection
    is counted by itself."""
    resident_mib: dict[str, tuple[float, float]]
    """By process: when the test began, and at most."""
    loop_lag_p99: float | None
    """Bound in seconds under which the event loop was late in 99 of 100 looks."""


def figures(
    talks: Sequence[Talk],
    transcripts: Sequence[Transcript],
    looks: Sequence[Look],
    detection_seconds: float = 0.0,
    loop_lag_p99: float | None = None,
) -> Figures:
    """Count and measure; who was turned away said nothing.

    Args:
        talks: what was said, by client.
        transcripts: what came of it, by client.
        looks: at the processes.
        detection_seconds: what the front spent on speech detection.
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
        sum(lost(talk, each.finals) for talk, each in zip(talks, transcripts, strict=True)),
        sum(doubled(each.finals) for each in transcripts),
        sum(each.errors for each in transcripts),
        sum(each.interims for each in transcripts),
        _cpu(looks, detection_seconds, audio_seconds),
        _resident_mib(looks),
        loop_lag_p99,
    )


def last_parts(finals: Sequence[Final]) -> list[Final]:
    """Return of each utterance the text of the last one who speaks in it; texts as they came."""
    return [
        final
        for final, after in itertools.zip_longest(finals, finals[1:])
        if after is None
        or after.at_seconds - final.at_seconds > AT_ONCE_SECONDS
        or after.start_seconds - final.end_seconds > ADJOINING_SECONDS
    ]


def delays(finals: Sequence[Final]) -> Spread:
    """Summarise."""
    return spread([final.delay_seconds for final in finals])


def lost(talk: Talk, finals: Sequence[Final]) -> int:
    """Return of how many clips no text came."""
    return sum(
        not any(
            min(stop, final.end_seconds) - max(start, final.start_seconds)
            >= min(SHARED_SECONDS, (stop - start) / 2)
            for final in finals
        )
        for start, stop in talk.spans_seconds
    )


def doubled(finals: Sequence[Final]) -> int:
    """Return how many texts are about the time of another; turns that overlap share little."""
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
