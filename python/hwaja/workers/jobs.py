"""Jobs for the workers, shared fairly between sessions."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from hwaja.gate import SAMPLE_RATE
from hwaja.workers import wire


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


class FairQueue:
    """Jobs of several owners: owners take turns, each owner's jobs keep their order.

    Those that are ahead of real time have what the others leave: a turn while no other has a job.
    """

    def __init__(self, admits_ahead: Callable[[], bool] = lambda: True) -> None:
        """Prepare; `admits_ahead` is whether those that are ahead may have a turn at all."""
        self.ahead: set[Hashable] = set()
        """The owners that are ahead."""
        self._admits_ahead = admits_ahead
        self._jobs: OrderedDict[Hashable, deque[Job]] = OrderedDict()
        self._filled = asyncio.Event()

    @property
    def audio_seconds(self) -> float:
        """How much audio the jobs are about that somebody waits for."""
        waiting = (job for jobs in self._jobs.values() for job in jobs if not job.reply.done())
        return sum(job.samples for job in waiting) / SAMPLE_RATE

    def put(self, job: Job) -> None:
        """Add a job behind the others of its owner."""
        self._jobs.setdefault(job.owner, deque()).append(job)
        self._filled.set()

    def put_back(self, job: Job) -> None:
        """Return a job that was taken: it goes first of all, or of all that are ahead."""
        self._jobs.setdefault(job.owner, deque()).appendleft(job)
        self._jobs.move_to_end(job.owner, last=False)
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
            jobs = self._jobs.pop(owner)
            job = jobs.popleft()
            if jobs:
                self._jobs[owner] = jobs  # behind the others
            if not job.reply.done():  # nobody waits for a cancelled one
                return job
        return None

    def _first_owner(self) -> Hashable | None:
        live = (owner for owner in self._jobs if owner not in self.ahead)
        return next(live, next(iter(self._jobs), None) if self._admits_ahead() else None)
