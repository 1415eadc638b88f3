"""Jobs for the workers, shared fairly between sessions."""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from hwaja.engines.interface import EngineError
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.workers import wire
from hwaja.workers.charges import Charges

LONGEST_WAIT_SECONDS = 5.0
"""For a turn, however dear a session is. Its jobs of 1.2 s, the longest, take an eighth of two
workers at that."""


@dataclass(slots=True, eq=False)
class Job:
    """Work for one worker, and who waits for it."""

    owner: Hashable
    request: Callable[[int, bool], wire.JobRequest]
    """Builds the request for a job id and suspicion, with the audio read at that moment."""
    limit_seconds: float
    """A worker that takes longer is stuck, and killed."""
    reply: asyncio.Future[wire.JobReply] = field(default_factory=asyncio.Future)
    suspect: bool = False
    """Whether a worker died that had it: it may be why."""
    samples: int = 0
    """How much audio it is about."""

    def fail(self, sentence: str) -> None:
        """Tell who waits, if anybody does, why there is no reply."""
        if not self.reply.done():
            self.reply.set_exception(EngineError(sentence))


@dataclass(slots=True)
class _Waiting:
    """The jobs of one owner."""

    since: float
    """When they began to wait for the owner's next turn."""
    jobs: deque[Job] = field(default_factory=deque)


class FairQueue:
    """Jobs of several owners: owners take turns, each owner's jobs keep their order.

    Those that took more of the workers than their share have theirs after the others, the dearest
    last, and each within `LONGEST_WAIT_SECONDS` and the turns of those who waited longer. Those
    that are ahead of real time have what the others leave: a turn while no other has a job.
    """

    def __init__(
        self,
        charges: Charges,
        now: Callable[[], float],
        admits_ahead: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare.

        Args:
            charges: say who took how much.
            now: a monotonic clock, in seconds.
            admits_ahead: whether those that are ahead may have a turn at all.

        """
        self.ahead: set[Hashable] = set()
        """The owners that are ahead."""
        self._charges = charges
        self._now = now
        self._admits_ahead = admits_ahead
        self._waiting: OrderedDict[Hashable, _Waiting] = OrderedDict()  # who waits longest first
        self._filled = asyncio.Event()

    @property
    def audio_seconds(self) -> float:
        """How much audio the jobs are about that somebody waits for."""
        jobs = (job for waiting in self._waiting.values() for job in waiting.jobs)
        return sum(job.samples for job in jobs if not job.reply.done()) / SAMPLE_RATE

    def put(self, job: Job) -> None:
        """Add a job behind the others of its owner."""
        if job.owner not in self.ahead:
            self._charges.want(job.owner, self._now())
        self._waiting.setdefault(job.owner, _Waiting(self._now())).jobs.append(job)
        self._filled.set()

    def put_back(self, job: Job) -> None:
        """Return a job that was taken: it goes first of all, or of all that are ahead."""
        waiting = self._waiting.setdefault(job.owner, _Waiting(self._now()))
        waiting.jobs.appendleft(job)
        waiting.since = -math.inf
        self._waiting.move_to_end(job.owner, last=False)
        self._filled.set()

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """Learn whether an owner is ahead."""
        if is_ahead:
            self.ahead.add(owner)
        elif owner in self.ahead:
            self.ahead.discard(owner)
            self.look_again()

    def look_again(self) -> None:
        """Learn that who was not admitted may be now."""
        self._filled.set()

    async def get(self) -> Job:
        """Take the first job of the owner whose turn it is, waiting for one."""
        while (job := self._first()) is None:
            self._filled.clear()
            await self._filled.wait()
        return job

    def _first(self) -> Job | None:
        # A function of its own: who waits must not hold the session whose job was cancelled.
        while (owner := self._first_owner()) is not None:
            waiting = self._waiting.pop(owner)
            jobs = deque(job for job in waiting.jobs if not job.reply.done())
            if not jobs:  # nobody waits for a cancelled one
                continue
            job = jobs.popleft()
            if jobs:
                self._waiting[owner] = _Waiting(self._now(), jobs)  # behind the others
            return job
        return None

    def _first_owner(self) -> Hashable | None:
        live = [owner for owner in self._waiting if owner not in self.ahead]
        if not live:
            return next(iter(self._waiting), None) if self._admits_ahead() else None
        now = self._now()
        if now - self._waiting[live[0]].since >= LONGEST_WAIT_SECONDS:
            return live[0]
        return self._charges.cheapest(live, now)
