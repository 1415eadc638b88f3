"""Builds the clients' speech: alternating clips of two speakers, of a given duration."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from hwaja.client.sound_files import to_pcm16
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.speech.corpus import ENROLMENT_SECONDS, Clip, seeded


@dataclass(frozen=True, eq=False)
class Talk:
    """Two voices to enrol, and the speech that follows."""

    voices: tuple[bytes, bytes]
    pcm: bytes
    spans_seconds: tuple[tuple[float, float], ...]
    """Start and end of each clip in the stream; clips are trimmed to their speech."""

    def spoken_until(self, end_seconds: float) -> float:
        """Return the end of the speech of an utterance that ends at `end_seconds`.

        That is the end of the last clip before it. Within a clip it is `end_seconds` itself, since
        the utterance was cut there.
        """
        number = bisect_right(self.spans_seconds, (end_seconds, np.inf)) - 1
        if number < 0:
            return end_seconds
        return min(end_seconds, self.spans_seconds[number][1])


def talks(
    clips: Sequence[Clip], clients: int, seconds: float, pause_seconds: float, seed: int
) -> list[Talk]:
    """Return each client's speech; pairs of speakers are assigned in rotation.

    Raises:
        BenchmarkError: where no group has two speakers with enough speech.

    """
    pairs = [pair for group in sorted({c.group for c in clips}) for pair in _pairs(clips, group)]
    if not pairs:
        raise BenchmarkError("No group has two speakers with enough speech.")
    return [
        _talk(pairs[client % len(pairs)], client, seconds, pause_seconds, seed)
        for client in range(clients)
    ]


def _pairs(clips: Sequence[Clip], group: str) -> list[tuple[list[Clip], list[Clip]]]:
    """Return the pairs of a group's speakers, without speakers with too little speech."""
    speakers = sorted({clip.speaker for clip in clips if clip.group == group})
    sides = [[c for c in clips if c.group == group and c.speaker == name] for name in speakers]
    able = [side for side in sides if sum(c.seconds for c in side) >= ENROLMENT_SECONDS[1]]
    return list(zip(able[::2], able[1::2], strict=False))


def _talk(
    pair: tuple[list[Clip], list[Clip]],
    client: int,
    seconds: float,
    pause_seconds: float,
    seed: int,
) -> Talk:
    random = seeded(seed, str(client))
    shuffled = [[side[i] for i in random.permutation(len(side))] for side in pair]
    voices = _voice(pair[0]), _voice(pair[1])  # each speaker has the same enrolment in all clients
    pause = np.zeros(round(pause_seconds * SAMPLE_RATE), np.float32)
    pieces, spans, at = [], [], 0
    for clip in (clip for both in zip(*map(cycle, shuffled), strict=False) for clip in both):
        if at + len(clip.samples) > seconds * SAMPLE_RATE:
            break
        spans.append((at / SAMPLE_RATE, (at + len(clip.samples)) / SAMPLE_RATE))
        pieces += [clip.samples, pause]
        at += len(clip.samples) + len(pause)
    if not pieces:
        raise BenchmarkError(f"{seconds:g} s are shorter than the first clip.")
    return Talk(voices, to_pcm16(np.concatenate(pieces)), tuple(spans))


def _voice(clips: Sequence[Clip]) -> bytes:
    """Return enough speech for an enrolment."""
    samples = np.concatenate([clip.samples for clip in clips])
    return to_pcm16(samples[: round(ENROLMENT_SECONDS[1] * SAMPLE_RATE)])
