"""Work that one session has done: begun when it is asked for, or before; logged where it fails."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

import structlog

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import VoiceTrack
from hwaja.engines.recognition import NORMAL, Abilities, Effort, Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers.overload import Overload
from hwaja.workers.pool import ReadSamples
from hwaja.workers.utterance_stream import UtteranceStream

_log = structlog.get_logger("hwaja.workers.session_work")

Result = TypeVar("Result")
Work = Callable[[], Coroutine[Any, Any, Result]]


class SessionPool(Protocol):
    """The part of `Pool` that does the work on a session's utterances."""

    @property
    def abilities(self) -> Abilities:
        """See `Pool.abilities`."""

    @property
    def idle_workers(self) -> int:
        """See `Pool.idle_workers`."""

    @property
    def use(self) -> float:
        """See `Pool.use`."""

    def sparing(self, owner: Hashable) -> AbstractContextManager[None]:
        """See `Pool.sparing`."""

    async def recognise(
        self,
        owner: Hashable,
        read: ReadSamples,
        samples: int,
        options: Options,
        speech_seconds: float | None = None,
        effort: Callable[[], Effort] = lambda: NORMAL,
    ) -> Hypothesis:
        """See `Pool.recognise`."""

    async def embed(
        self, owner: Hashable, read: ReadSamples, samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        """See `Pool.embed`."""

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        """See `Pool.extend`."""

    async def finish(
        self, utterance: UtteranceStream, stop: int, speech_seconds: float
    ) -> Hypothesis:
        """See `Pool.finish`."""

    def drop(self, utterance: UtteranceStream) -> None:
        """See `Pool.drop`."""


class SessionWork:
    """What one session has its work done with, and what was begun early for one utterance.

    Both its text and its voices may be begun early. The utterance is known by its id and its
    segment. Work counts for that segment only: where speech continued, it is given up. Parts that
    are recognised anew have other ids, so they do not disturb what was begun.
    """

    def __init__(
        self, owner: Hashable, pool: SessionPool, ring: RingBuffer, overload: Overload
    ) -> None:
        """Prepare.

        Args:
            owner: whose turn it is where sessions share the workers.
            pool: the workers.
            ring: holds samples until the work on them is done or given up.
            overload: says what is left out for lack of time.

        """
        self.owner = owner
        self.pool = pool
        self.ring = ring
        self.overload = overload
        self._about: tuple[int, Hashable] | None = None
        self._begun: dict[str, asyncio.Task[Any]] = {}

    def begin(self, name: str, segment_id: int, segment: Hashable, work: Work[Any]) -> None:
        """Begin work on a segment that may be an utterance, if nobody else waits for a worker.

        What was begun on another segment is given up.
        """
        if self._about != (segment_id, segment):
            self.forget()
            self._about = segment_id, segment
        if self.pool.idle_workers:
            self._begun[name] = attempt(name, work)

    def take(
        self, name: str, segment_id: int, segment: Hashable, work: Work[Result]
    ) -> asyncio.Task[Result | None]:
        """Return the work on an utterance, which may be done already; None if it fails."""
        if self._about == (segment_id, segment) and name in self._begun:
            return self._begun.pop(name)
        if self._about is not None and self._about[0] == segment_id:
            self._give_up(name)
        return attempt(name, work)

    def forget(self) -> None:
        """Give up what was begun; what a worker has of it continues there, and nobody waits."""
        for name in tuple(self._begun):
            self._give_up(name)
        self._about = None

    def _give_up(self, name: str) -> None:
        task = self._begun.pop(name, None)
        if task is not None:
            task.cancel()


def attempt(name: str, work: Work[Result]) -> asyncio.Task[Result | None]:
    """Begin work whose failure is logged under `name`, and makes it None."""

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
    """Report the result of some work on a segment once it is there, unless it is cancelled."""

    def done(finished: asyncio.Task[Result | None]) -> None:
        if not finished.cancelled():
            report(segment_id, finished.result())

    task.add_done_callback(done)


@contextmanager
def failure_logged(work: str) -> Iterator[None]:
    """Log a failure by its type only: the text of an exception may hold what was said."""
    try:
        yield
    except Exception as error:
        _log.error("engine failed", work=work, error=type(error).__name__)
