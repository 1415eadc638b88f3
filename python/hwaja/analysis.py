"""What the engine makes of one session's utterances, begun early where a worker is idle.

A pause of the post-roll's length foretells an utterance; the hang-over confirms it later. The
samples are the same, so the answer is too, and most of the decoding is done when it is due.
"""

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import structlog

from hwaja._pcm import RingBuffer
from hwaja.engine import Samples
from hwaja.gate import SAMPLE_RATE
from hwaja.pool import Pool, ReadSamples
from hwaja.speakers import Decision, Voices

_log = structlog.get_logger("hwaja.analysis")


@dataclass(frozen=True, slots=True)
class Analysis:
    """The work on samples `[start, stop)`; a task ends with None where the engine failed."""

    start: int
    stop: int
    text: asyncio.Task[str | None]
    speaker: asyncio.Task[Decision | None]

    def cancel(self) -> None:
        """Give the work up; what a worker has begun runs on there, unheard."""
        self.text.cancel()
        self.speaker.cancel()


class Analyst:
    """Has utterances of one session recognised and attributed."""

    def __init__(self, owner: Hashable, pool: Pool, ring: RingBuffer, voices: Voices) -> None:
        """Prepare to work.

        Args:
            owner: whose turn it is when sessions share the workers.
            pool: the workers.
            ring: holds the samples until their analysis is done or cancelled.
            voices: the enrolled voices, read when an embedding is there.

        """
        self._owner = owner
        self._pool = pool
        self._ring = ring
        self._voices = voices
        self._early: Analysis | None = None

    def foresee(self, start: int, stop: int, speech_samples: int) -> None:
        """Begin work on an utterance that may be asked for, if no one else waits for a worker."""
        self.forget()
        if self._pool.idle_workers:
            self._early = self._begin(start, stop, speech_samples)

    def analyse(self, start: int, stop: int, speech_samples: int) -> Analysis:
        """Return the work on an utterance, which may have begun, or be done, already."""
        early = self._early
        if early is not None and (early.start, early.stop) == (start, stop):
            self._early = None
            return early
        self.forget()
        return self._begin(start, stop, speech_samples)

    def forget(self) -> None:
        """Give up what was begun early."""
        if self._early is not None:
            self._early.cancel()
            self._early = None

    def _begin(self, start: int, stop: int, speech_samples: int) -> Analysis:
        return Analysis(
            start,
            stop,
            asyncio.create_task(self._recognise(start, stop, speech_samples)),
            asyncio.create_task(self._attribute(start, stop)),
        )

    async def enrol(self, speaker_id: int, spans: Sequence[tuple[int, int]]) -> bool:
        """Keep the voice in spans of samples as that of a speaker; return whether that worked."""

        def read() -> Samples:
            pieces = [self._ring.read(start, stop) for start, stop in spans]
            joined = np.concatenate(pieces)
            for piece in pieces:
                piece.fill(0)
            return joined

        samples = sum(stop - start for start, stop in spans)
        with _failure_logged("enrolment"):
            embedding = await self._pool.embed(self._owner, read, samples)
            try:
                self._voices.enrol(speaker_id, embedding)
            finally:
                embedding.fill(0)
            return True
        return False

    async def _recognise(self, start: int, stop: int, speech_samples: int) -> str | None:
        with _failure_logged("recognition"):
            return await self._pool.recognise(
                self._owner, self._reader(start, stop), stop - start, speech_samples / SAMPLE_RATE
            )
        return None

    async def _attribute(self, start: int, stop: int) -> Decision | None:
        with _failure_logged("attribution"):
            embedding = await self._pool.embed(self._owner, self._reader(start, stop), stop - start)
            try:
                return self._voices.decide(embedding)
            finally:
                embedding.fill(0)
        return None

    def _reader(self, start: int, stop: int) -> ReadSamples:
        return lambda: self._ring.read(start, stop)


@contextmanager
def _failure_logged(work: str) -> Iterator[None]:
    """Log a failure by its type only: the text of an exception may hold what was said."""
    try:
        yield
    except Exception as error:
        _log.error("engine failed", work=work, error=type(error).__name__)
