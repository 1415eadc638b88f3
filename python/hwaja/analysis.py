"""What the engine makes of one session's utterances, begun early where a worker is idle.

A pause of the post-roll's length foretells an utterance; the hang-over confirms it later. The
samples are the same, so the answer is too, and most of the work is done when it is due.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from hwaja._pcm import RingBuffer
from hwaja.early import Early, Work
from hwaja.hearing import Hearing, Text
from hwaja.speakers import Decision, Voices
from hwaja.workers.pool import Pool


@dataclass(frozen=True, slots=True)
class Analysis:
    """The work on an utterance; a task ends with None where the engine failed."""

    text: Text
    speaker: asyncio.Task[Decision | None]


class Analyst:
    """Has utterances of one session recognised and attributed."""

    def __init__(
        self, owner: Hashable, pool: Pool, ring: RingBuffer, voices: Voices, hearing: Hearing
    ) -> None:
        """Prepare to work.

        Args:
            owner: whose turn it is when sessions share the workers.
            pool: the workers.
            ring: holds the samples until their analysis is done or cancelled.
            voices: the enrolled voices, read when an embedding is there.
            hearing: finds the text.

        """
        self._owner = owner
        self._pool = pool
        self._ring = ring
        self._voices = voices
        self._hearing = hearing
        self._early: Early[Decision] = Early("attribution")

    def foresee(self, start: int, stop: int, speech_samples: int) -> None:
        """Begin work on an utterance that may be asked for, if no one else waits for a worker."""
        self._hearing.foresee(start, stop, speech_samples)
        self._early.forget()
        if self._pool.idle_workers:
            self._early.begin(start, stop, self._attribution(start, stop))

    def analyse(self, start: int, stop: int, speech_samples: int) -> Analysis:
        """Return the work on an utterance, which may have begun, or be done, already."""
        return Analysis(
            self._hearing.text(start, stop, speech_samples),
            self._early.take(start, stop, self._attribution(start, stop)),
        )

    def close(self) -> None:
        """Give up what nobody asked for."""
        self._hearing.close()
        self._early.forget()

    def _attribution(self, start: int, stop: int) -> Work[Decision]:
        async def attribute() -> Decision:
            embedding = await self._pool.embed(
                self._owner, lambda: self._ring.read(start, stop), stop - start
            )
            try:
                return self._voices.decide(embedding)
            finally:
                embedding.fill(0)

        return attribute
