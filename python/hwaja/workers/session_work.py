"""The work of the workers for one session. It may begin early, and its failures are logged."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import VoiceTrack
from hwaja.workers.generations import Generations
from hwaja.workers.overload import Overload
from hwaja.workers.pool import ReadSamples

_log = structlog.get_logger("hwaja.workers.session_work")

Result = TypeVar("Result")
Work = Callable[[], Coroutine[Any, Any, Result]]


class SessionWork:
    """What one session needs for its work, and the work that was begun early on one utterance.

    Work on the text and on the voices of an utterance may begin before the utterance is certain to
    end. Such work is valid for its segment id and its segment only. If speech continues, the
    segment changes, and the work is cancelled. Parts of an utterance that are recognised again have
    other ids, so they do not cancel it.
    """

    def __init__(
        self, owner: Hashable, generations: Generations, ring: RingBuffer, overload: Overload
    ) -> None:
        """Begin no work yet.

        Args:
            owner: the session, as an owner of jobs in the pools.
            generations: the workers.
            ring: holds the samples until the work on them is done or cancelled.
            overload: decides which work is skipped.

        """
        self.owner = owner
        self.generations = generations
        self.ring = ring
        self.overload = overload
        self.is_patient = False
        """Whether nobody waits for single answers: no work begins early, and each gets the most
        thorough search."""
        self._about: tuple[int, Hashable] | None = None
        self._begun: dict[str, asyncio.Task[Any]] = {}

    async def embed(self, read: ReadSamples, samples: int, *, overlaps: bool) -> VoiceTrack:
        """Return the embeddings of the voice in audio; see `Pool.embed`.

        They do not depend on the recogniser, so any generation can do this.
        """
        generation = self.generations.current
        with generation.held():
            return await generation.pool.embed(self.owner, read, samples, overlaps=overlaps)

    def begin(self, name: str, segment_id: int, segment: Hashable, work: Work[Any]) -> None:
        """Begin work on a segment that may become an utterance, if a worker is idle.

        Work that was begun on another segment is cancelled.
        """
        if self._about != (segment_id, segment):
            self.forget()
            self._about = segment_id, segment
        if self.generations.idle_workers and not self.is_patient:
            self._begun[name] = attempt(name, work)

    def take(
        self, name: str, segment_id: int, segment: Hashable, work: Work[Result]
    ) -> asyncio.Task[Result | None]:
        """Return the task of some work on an utterance. Its result is None if the work fails.

        If the work was begun early on this segment, this is that task. Otherwise it begins now.
        """
        if self._about == (segment_id, segment) and name in self._begun:
            return self._begun.pop(name)
        if self._about is not None and self._about[0] == segment_id:
            self._give_up(name)
        return attempt(name, work)

    def forget(self) -> None:
        """Cancel the work that was begun early. A worker completes its job, but without effect."""
        for name in tuple(self._begun):
            self._give_up(name)
        self._about = None

    def _give_up(self, name: str) -> None:
        task = self._begun.pop(name, None)
        if task is not None:
            task.cancel()


def attempt(name: str, work: Work[Result]) -> asyncio.Task[Result | None]:
    """Begin work and return its task. A failure is logged under `name`; the result is then None."""

    async def run() -> Result | None:
        with failure_logged(name):
            return await work()
        return None

    return asyncio.create_task(run())


def report_when_done(
    task: asyncio.Task[Result | None],
    segment_id: int,
    report: Callable[[int, Result | None], object],
) -> None:
    """Call `report` with the result of work on a segment when it is done, but not if cancelled."""

    def done(finished: asyncio.Task[Result | None]) -> None:
        if not finished.cancelled():
            report(segment_id, finished.result())

    task.add_done_callback(done)


@contextmanager
def failure_logged(work: str) -> Iterator[None]:
    """Log an exception and suppress it. Only its type is logged: its text may contain speech."""
    try:
        yield
    except Exception as error:
        _log.error("engine failed", work=work, error=type(error).__name__)
