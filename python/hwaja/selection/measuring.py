"""Measures one recogniser on recordings: errors, cost, delay, memory, and how many can talk."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import psutil

from hwaja.doctor.capacity import throughput
from hwaja.doctor.machine import peak_bytes
from hwaja.doctor.speaking import longest
from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.engines.texts.language_model import ranks
from hwaja.language import Text
from hwaja.models.advice import base_code
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import Count, character_errors, reading_errors, word_errors
from hwaja.selection.listening import Heard, Listener
from hwaja.selection.speech_folder import Recording
from hwaja.server.application import detector_file, worker_setup
from hwaja.server.config import Config
from hwaja.vad.gate import GateSettings
from hwaja.vad.silero import SileroDetector
from hwaja.workers.generations import Generation, Generations
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.reranker import Reranker
from hwaja.workers.shared_workers import SessionPool

PLAYED_SECONDS = 60.0
"""Audio that is played in real time to measure the delay."""

BUSY_SECONDS = 20.0
"""How long all workers are kept busy to measure how many can talk at once."""

_BUSY_UTTERANCES = 24
"""Utterances that keep the workers busy, in turn."""

_RANKING_SECONDS = 60.0
"""The language model loads in 2 s. Without it, the texts are those of a server without it."""

UNSPACED = frozenset({"ja", "km", "ko", "lo", "my", "th", "yue", "zh"})
"""Languages without spaces between words, or with spaces at the writer's choice: their words cannot
be counted."""

Progress = Callable[[Text], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of one recogniser."""

    model: str
    load_seconds: float
    characters: tuple[Count, ...]
    """Wrong characters of each recording that has a text."""
    readings: tuple[Count, ...]
    """The same by kocer; empty for languages other than Korean."""
    words: tuple[Count, ...]
    """Wrong words of each; empty for the languages of `UNSPACED`."""
    cpu_seconds: float | None
    """Processor time of all workers for one second of speech, its voice included; None: there was
    no speech."""
    delays_seconds: tuple[float, ...]
    """Of each utterance that was played in real time."""
    worker_bytes: int | None
    """Peak memory of one worker; None where the system does not report it."""
    streams: int | None
    """How many people can talk at once; None where that could not be measured."""
    failed: int
    """Utterances without a result."""
    texts: tuple[str, ...] = field(repr=False)
    """What was recognised in each recording that has a text."""


async def measure(
    config: Config, provider: str, recordings: Sequence[Recording], progress: Progress
) -> Measured:
    """Measure the recogniser of a configuration.

    Args:
        config: the server's configuration.
        provider: "cpu" or "cuda".
        recordings: what it is measured on, at least one.
        progress: called with what is done now.

    Raises:
        EngineError, ModelError: the model is missing, does not load, or fails.

    """
    progress(Text("loading", "불러오는 중"))
    async with _loaded(config, provider) as (listener, reranker, load_seconds):
        pool = listener.generations.current.pool
        await listener.hear(recordings[0].pcm, speed=0)  # the first calls are slow
        before = _cpu_seconds(pool, reranker)
        heard = await _hear_all(listener, recordings, config.workers, progress)
        spent_seconds = _cpu_seconds(pool, reranker) - before
        utterances = [each for found in heard for each in found.utterances]
        speech_seconds = sum(map(len, utterances)) / SAMPLE_RATE
        delays = await _delays_seconds(listener, recordings, progress)
        streams = await _streams(pool, utterances, config.workers, progress)
        with suppress(EngineError):  # the memory used until then counts
            await longest(pool, config.workers)
        peaks = [peak_bytes(process.pid) for process in pool.processes.values()]
    pairs = [
        (each.text, found.text)
        for each, found in zip(recordings, heard, strict=True)
        if each.text is not None
    ]
    language = base_code(config.language)
    has_words = language not in UNSPACED | {AUTO_LANGUAGE}
    return Measured(
        config.asr_model,
        load_seconds,
        tuple(character_errors(*pair) for pair in pairs),
        tuple(reading_errors(*pair) for pair in pairs) if language == "ko" else (),
        tuple(word_errors(*pair) for pair in pairs) if has_words else (),
        spent_seconds / speech_seconds if utterances else None,
        delays,
        max((peak for peak in peaks if peak is not None), default=None),
        streams,
        sum(found.failed for found in heard),
        tuple(text for _, text in pairs),
    )


@asynccontextmanager
async def _loaded(config: Config, provider: str) -> AsyncIterator[tuple[Listener, Reranker, float]]:
    """Start the workers, and the language model as the server does; yield the load time too."""
    setup, reranker = worker_setup(config, provider), Reranker()
    pool = Pool(setup, config.workers, choose=reranker.choose)
    began = time.monotonic()
    try:
        await pool.start()
        load_seconds = time.monotonic() - began
        if ranks(pool.abilities, config.language):
            reranker.start()
            with suppress(TimeoutError):
                await asyncio.wait_for(reranker.ready.wait(), _RANKING_SECONDS)
        gate = GateSettings(hangover_seconds=config.hangover_seconds)
        # The interim worker never starts, as no interim texts are wanted.
        generations = Generations(Generation(pool, InterimWorker(setup)))
        listener = Listener(generations, SileroDetector(detector_file()), gate)
        yield listener, reranker, load_seconds
    finally:
        await pool.close()
        await reranker.close()


async def _hear_all(
    listener: Listener, recordings: Sequence[Recording], lanes: int, progress: Progress
) -> list[Heard]:
    """Recognise all recordings as fast as the workers can."""
    found: dict[int, Heard] = {}
    waiting = iter(enumerate(recordings))

    async def hear_next() -> None:
        for number, recording in waiting:
            count, place = len(recordings), number + 1
            progress(Text(f"recording {place} of {count}", f"녹음 {count}개 가운데 {place}번째"))
            found[number] = await listener.hear(recording.pcm, speed=0)

    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(hear_next())
    return [heard for _, heard in sorted(found.items())]


async def _delays_seconds(
    listener: Listener, recordings: Sequence[Recording], progress: Progress
) -> tuple[float, ...]:
    """Play recordings in real time, one after the other; return the delays of their utterances."""
    total_seconds = sum(each.seconds for each in recordings)
    step = max(1, round(total_seconds / PLAYED_SECONDS))
    left_seconds = PLAYED_SECONDS
    delays: list[float] = []
    for recording in recordings[::step]:
        if left_seconds > 0:
            left = f"{left_seconds:.0f}"
            progress(
                Text(f"playing in real time, {left} s left", f"실시간으로 재생 중, {left}초 남음")
            )
            pcm = recording.pcm[: 2 * round(left_seconds * SAMPLE_RATE)]
            delays += (await listener.hear(pcm, speed=1)).delays_seconds
            left_seconds -= recording.seconds
    return tuple(delays)


async def _streams(
    pool: SessionPool, utterances: Sequence[Samples], workers: int, progress: Progress
) -> int | None:
    """Return how many people can talk at once; None where there is nothing to measure it with."""
    if not utterances:
        return None
    some = utterances[:: 1 + len(utterances) // _BUSY_UTTERANCES]
    try:
        done = await throughput(
            pool,
            some,
            workers,
            BUSY_SECONDS,
            lambda doing: progress(Text(doing.text("en"), doing.text("ko"))),
        )
    except EngineError:
        return None
    return done.streams


def _cpu_seconds(pool: SessionPool, reranker: Reranker) -> float:
    """Return the processor time that the processes have used."""
    times = [
        psutil.Process(process.pid).cpu_times()
        for process in (*pool.processes.values(), *reranker.processes.values())
        if process.returncode is None
    ]
    return float(sum(each.user + each.system for each in times))
