"""How many people can speak at the same time: all workers are kept busy, and what they do counted.

The number stands for people who speak without a pause, as the worst case. Two who talk with each
other take turns, so a session counts as one at most.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hwaja.doctor.babble import babble
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import Said, counted, said
from hwaja.doctor.recogniser import UTTERANCE_SECONDS
from hwaja.doctor.speaking import analysed
from hwaja.engines.hallucination_filter import may_loop
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.config import Config
from hwaja.workers.pool import Pool

SAFETY_SHARE = 0.7
"""Share of the throughput that is promised. Of the rest, sockets and speech detection take some,
and where the workers are busy for more than that, utterances that end together wait long."""

CANDIDATES = 12
"""Generated utterances that are tried; of some, Whisper makes nothing or a loop."""

_STREAMING_IN_WORK = 8  # utterances for each worker: those heard while spoken share a step
_WHOLE_IN_WORK = 2  # so that one waits while one is worked on

Tell = Callable[[Said], None]
"""Shown to who waits."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was done in a time."""

    audio_seconds: float
    wall_seconds: float

    @property
    def streams(self) -> int:
        """How many streams of speech are sustained."""
        return int(SAFETY_SHARE * self.audio_seconds / self.wall_seconds)


async def capacity(pool: Pool, config: Config, seconds: float, tell: Tell) -> Finding:
    """Measure for `seconds` with a pool that has started.

    Raises:
        EngineError: where the engine failed.

    """
    tell(said("progress.choosing"))
    candidates = [babble(UTTERANCE_SECONDS, seed) for seed in range(CANDIDATES)]
    if not pool.abilities.streaming:  # one that streams costs the same, whatever it hears
        candidates = await typical(pool, candidates)
    each = _STREAMING_IN_WORK if pool.abilities.streaming else _WHOLE_IN_WORK
    done = await throughput(pool, candidates, config.workers * each, seconds, tell)
    return judge(done, config.max_connections)


def judge(done: Throughput, max_connections: int) -> Finding:
    """Compare what was measured with how many clients are let in."""
    facts = {
        "streams": done.streams,
        "audio_seconds": round(done.audio_seconds, 1),
        "wall_seconds": round(done.wall_seconds, 1),
        "safety_share": SAFETY_SHARE,
        "max_connections": max_connections,
    }
    sentence = counted("capacity", done.streams) if done.streams else said("capacity.none")
    if done.streams >= max_connections:
        return Finding("capacity", "ok", sentence, facts=facts)
    advice = said("capacity.do", clients=max_connections, fitting=max(1, done.streams))
    return Finding("capacity", "warning", sentence, advice, facts)


async def typical(pool: Pool, candidates: Sequence[Samples]) -> list[Samples]:
    """Return the utterances that cost what speech costs.

    Those are the ones that a recogniser writes words for: where it writes nothing it is done
    early, in a loop late. Of them, the ones of middling cost, since one may have looped at first.
    Where it writes no words for any, those of middling cost are all that can be said.
    """
    costs: list[tuple[float, bool, Samples]] = []
    for samples in candidates:  # one at a time, so that none waits for another
        began = time.monotonic()
        text = (await analysed(pool, "capacity", samples)).text
        costs.append((time.monotonic() - began, bool(text) and not may_loop(text), samples))
    worded = [cost for cost in costs if cost[1]] or costs
    worded.sort(key=lambda cost: cost[0])
    quarter = len(worded) // 4
    return [samples for _, _, samples in worded[quarter : len(worded) - quarter]]


async def throughput(
    pool: Pool, utterances: Sequence[Samples], in_work: int, seconds: float, tell: Tell
) -> Throughput:
    """Give the workers `in_work` utterances at a time, for `seconds` and until all are done."""
    began = time.monotonic()
    waiting = itertools.cycle(utterances)
    done_samples = 0

    async def speak(owner: int) -> None:
        nonlocal done_samples
        while (left := began + seconds - time.monotonic()) > 0:
            tell(said("progress.measuring", seconds=left))
            samples = next(waiting)
            await analysed(pool, owner, samples)
            done_samples += len(samples)

    await asyncio.gather(*(speak(owner) for owner in range(in_work)))
    return Throughput(done_samples / SAMPLE_RATE, time.monotonic() - began)
