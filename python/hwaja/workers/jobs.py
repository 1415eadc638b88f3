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
    """Jobs of several owners: owners take turns, each owner's jobs keep their order."""

    def __init__(self) -> None:
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
        """Return a job that was taken: it goes first of all."""
        self._jobs.setdefault(job.owner, deque()).appendleft(job)
        self._jobs.move_to_end(job.owner, last=False)
        self._filled.set()

    async def get(self) -> Job:
        """Take the first job of the owner whose turn it is, waiting for one."""
        while (job := self._first()) is None:
            self._filled.clear()
            await self._filled.wait()
        return job

    def _first(self) -> Job | None:
        # A function of its own: who waits must not hold the session whose job was cancelled.
        while self._jobs:
            owner, jobs = self._jobs.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._jobs[owner] = jobs  # behind the others
            if not job.reply.done():  # nobody waits for a cancelled one
                return job
        return None
