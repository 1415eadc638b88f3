"""Measures how many conversations the workers serve at once, from their throughput when busy.

Two people in a conversation take turns, so a session counts as one speaker at most. Where nobody
ever pauses, fewer are served (`PAUSELESS_SHARE`).
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hwaja.doctor.babble import babble
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import Phrase, counted, phrase
from hwaja.doctor.recogniser import UTTERANCE_SECONDS
from hwaja.doctor.speaking import analysed
from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.recognition import Abilities
from hwaja.engines.texts.repeats import may_loop
from hwaja.models.advice import without_pauses
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.config import Config
from hwaja.workers.pool import Pool
from hwaja.workers.shared_workers import SessionPool

SAFETY_SHARE = 0.7
"""Conversations for each second of audio that the workers process in a second.

It gives 8 for a core of a server CPU, as measured with conversations: they keep it busy for 85 % of
the time (`CONVERSATIONS_PER_CORE`). A conversation also costs what this measurement leaves out:
sockets, speech detection, the watch for turns. It has pauses for 14 % of the time. And where the
workers' load is higher, utterances that end at the same time wait long.
"""

CANDIDATES = 12
"""Number of generated utterances to choose from: for some, Whisper writes nothing or a loop."""

_STREAMING_IN_WORK = 8  # utterances per worker: streams share a decoding step
_BATCHES_IN_WORK = 2  # per worker: one in work and one in the queue

Progress = Callable[[Phrase], None]
"""Called with progress messages for the user."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Audio that was processed in a period."""

    audio_seconds: float
    wall_seconds: float

    @property
    def streams(self) -> int:
        """The number of concurrent conversations that the workers sustain."""
        return int(SAFETY_SHARE * self.audio_seconds / self.wall_seconds)


async def capacity(pool: Pool, config: Config, seconds: float, progress: Progress) -> Finding:
    """Measure the throughput of a started pool for `seconds`.

    Raises:
        EngineError: where the engine fails.

    """
    progress(phrase("progress.choosing"))
    candidates = [babble(UTTERANCE_SECONDS, seed) for seed in range(CANDIDATES)]
    if not pool.abilities.streaming:  # a streaming recogniser costs the same for all audio
        candidates = await typical(pool, candidates)
    done = await throughput(pool, candidates, config.first_workers, seconds, progress)
    return judge(done, config.max_connections)


def judge(done: Throughput, max_connections: int) -> Finding:
    """Compare the measured capacity with the server's connection limit."""
    facts = {
        "streams": done.streams,
        "audio_seconds": round(done.audio_seconds, 1),
        "wall_seconds": round(done.wall_seconds, 1),
        "safety_share": SAFETY_SHARE,
        "max_connections": max_connections,
    }
    if done.streams:
        sentence = counted("capacity", done.streams, pauseless=without_pauses(done.streams))
    else:
        sentence = phrase("capacity.none")
    if done.streams >= max_connections:
        return Finding("capacity", "ok", sentence, facts=facts)
    advice = phrase("capacity.do", clients=max_connections, fitting=max(1, done.streams))
    return Finding("capacity", "warning", sentence, advice, facts)


async def typical(pool: SessionPool, candidates: Sequence[Samples]) -> list[Samples]:
    """Return the utterances whose cost is typical of speech.

    These are utterances for which the recogniser writes words: without text it finishes early, and
    in a loop late or not at all. Of these, the function returns the ones of medium cost, since a
    recogniser may have looped at first. If no utterance gives words, it returns those of medium
    cost among all.

    Raises:
        EngineError: where the engine fails on every utterance.

    """
    costs: list[tuple[float, bool, Samples]] = []
    for samples in candidates:  # one at a time, so that no time includes waiting
        began = time.monotonic()
        try:
            text = (await analysed(pool, "capacity", samples)).text
        except EngineError:
            if samples is candidates[-1] and not costs:
                raise
            continue
        costs.append((time.monotonic() - began, bool(text) and not may_loop(text), samples))
    worded = [cost for cost in costs if cost[1]] or costs
    worded.sort(key=lambda cost: cost[0])
    quarter = len(worded) // 4
    return [samples for _, _, samples in worded[quarter : len(worded) - quarter]]


def utterances_in_work(abilities: Abilities, workers: int) -> int:
    """Return how many utterances keep so many workers busy."""
    each = _STREAMING_IN_WORK if abilities.streaming else _BATCHES_IN_WORK * abilities.batch_size
    return workers * each


async def throughput(
    pool: SessionPool,
    utterances: Sequence[Samples],
    workers: int,
    seconds: float,
    progress: Progress,
) -> Throughput:
    """Keep all workers busy for `seconds`, then wait until all utterances are done.

    Raises:
        EngineError: where the engine fails.

    """
    began = time.monotonic()
    waiting = itertools.cycle(utterances)
    done_samples = 0

    async def speak(owner: int) -> None:
        nonlocal done_samples
        while (left := began + seconds - time.monotonic()) > 0:
            progress(phrase("progress.measuring", seconds=left))
            samples = next(waiting)
            await analysed(pool, owner, samples)
            done_samples += len(samples)

    await asyncio.gather(
        *(speak(owner) for owner in range(utterances_in_work(pool.abilities, workers)))
    )
    return Throughput(done_samples / SAMPLE_RATE, time.monotonic() - began)
