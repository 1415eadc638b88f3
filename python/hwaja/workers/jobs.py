"""The queue of jobs for the workers. Sessions share the workers fairly."""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hwaja.engines.interface import EngineError
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.workers.charges import Charges
from hwaja.workers.transport import wire

LONGEST_WAIT_SECONDS = 5.0
"""The longest wait for a turn, however expensive a session is. One job in 5 s occupies at most an
eighth of two workers: the longest jobs take 1.2 s."""


GATHER_SECONDS = 0.005
"""A batch waits for more jobs for at most this long: in the server, and once more at an engine that
several servers share. On a GPU, a batch takes little longer than one of its jobs, so all that come
meanwhile gain, and nobody notices a hundredth of a second."""


SPARED_SECONDS = 1.0
"""After an interim text, another one is expected for this long: more than two intervals between
interim texts."""


@dataclass(slots=True, eq=False)
class Job:
    """A request for one worker, and the future of its reply."""

    owner: Hashable
    request: Callable[[int, bool], wire.JobRequest]
    """Builds the request from a job id and `suspect`. It reads the audio at that moment."""
    limit_seconds: float
    """A worker that takes longer is stuck, and is killed."""
    reply: asyncio.Future[wire.JobReply] = field(default_factory=asyncio.Future)
    suspect: bool = False
    """Whether a worker died while it had the job: the job may be the cause."""
    samples: int = 0
    """Length of its audio in samples."""

    def fail(self, sentence: str) -> None:
        """Set an EngineError with this sentence as the reply, unless the reply is done."""
        if not self.reply.done():
            self.reply.set_exception(EngineError(sentence))


def limit_seconds(samples: int) -> float:
    """Return the time limit of work: time to warm up, and ten times the length of its audio."""
    # The slowest machine that keeps up needs as long as the audio lasts.
    return 20 + 10 * samples / SAMPLE_RATE


@dataclass(slots=True)
class _Waiting:
    """The waiting jobs of one owner."""

    since: float
    """When the jobs began to wait for the owner's next turn."""
    jobs: deque[Job] = field(default_factory=deque)


class Sparing:
    """Keeps one of several workers free of jobs from sessions that are ahead of real time.

    It does so while sessions that are not ahead use the workers: their next utterance then finds a
    free worker, and its work may begin before the utterance has ended. It also does so while such a
    session awaits an interim text, and for `SPARED_SECONDS` after that, as another interim text may
    follow. The interim worker uses only the processor time that the workers leave.
    """

    def __init__(self, now: Callable[[], float], are_used: Callable[[], bool]) -> None:
        """Spare no worker yet.

        Args:
            now: returns the seconds of a monotonic clock.
            are_used: returns whether sessions that are not ahead used the workers recently.

        """
        self._are_used = are_used
        self._now = now
        self._awaited_interims = 0
        self._spares_until = -math.inf

    @contextmanager
    def interim(self) -> Iterator[None]:
        """Spare a worker while an interim text is awaited, and for `SPARED_SECONDS` after that."""
        self._awaited_interims += 1
        try:
            yield
        finally:
            self._awaited_interims -= 1
            self._spares_until = self._now() + SPARED_SECONDS

    def admits_ahead(self, workers: int, idle: int) -> bool:
        """Return whether a worker may take a job of a session that is ahead.

        Args:
            workers: number of workers.
            idle: how many of them are idle, the one that asks included.

        """
        awaits_interim = self._awaited_interims > 0 or self._now() < self._spares_until
        spares = awaits_interim or self._are_used()
        return not spares or idle > 1 or workers == 1


class FairQueue:
    """A queue of the jobs of all owners. Owners take turns; each owner's jobs keep their order.

    Owners that used more than their share of the workers take their turns after the others. The
    more an owner used, the later is its turn. After `LONGEST_WAIT_SECONDS`, an owner waits only for
    the turns of the owners that have waited longer. An owner ahead of real time gets a turn only
    while no other owner has a job.
    """

    def __init__(
        self,
        charges: Charges,
        now: Callable[[], float],
        admits_ahead: Callable[[], bool] = lambda: True,
    ) -> None:
        """Create an empty queue.

        Args:
            charges: the recent use of the workers by each owner.
            now: returns the seconds of a monotonic clock.
            admits_ahead: returns whether owners ahead of real time may get a turn.

        """
        self.ahead: set[Hashable] = set()
        """The owners that are ahead of real time."""
        self._charges = charges
        self._now = now
        self._admits_ahead = admits_ahead
        self._waiting: OrderedDict[Hashable, _Waiting] = OrderedDict()  # the longest wait first
        self._filled = asyncio.Event()

    @property
    def audio_seconds(self) -> float:
        """Seconds of audio in the waiting jobs, without the cancelled ones."""
        jobs = (job for waiting in self._waiting.values() for job in waiting.jobs)
        return sum(job.samples for job in jobs if not job.reply.done()) / SAMPLE_RATE

    def put(self, job: Job) -> None:
        """Add a job after the other jobs of its owner."""
        if job.owner not in self.ahead:
            self._charges.want(job.owner, self._now())
        self._waiting.setdefault(job.owner, _Waiting(self._now())).jobs.append(job)
        self._filled.set()

    def put_back(self, job: Job) -> None:
        """Put a taken job back, first in the queue.

        If its owner is ahead of real time, the jobs of owners that are not ahead still come first.
        """
        waiting = self._waiting.setdefault(job.owner, _Waiting(self._now()))
        waiting.jobs.appendleft(job)
        waiting.since = -math.inf
        self._waiting.move_to_end(job.owner, last=False)
        self._filled.set()

    @contextmanager
    def charging(self, jobs: list[Job]) -> Iterator[None]:
        """Charge the owners for the seconds that a worker has their jobs, in equal parts.

        An owner ahead of real time is not charged: it gets only workers that no other one needs.
        """
        is_ahead = jobs[0].owner in self.ahead  # then all are: see `_beside`
        accounts = [self._charges.account(job.owner) for job in jobs]  # now: an owner may leave
        began = self._now()
        try:
            yield
        finally:
            if not is_ahead:
                now = self._now()
                self._charges.charge(accounts, now - began, now)

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """Set whether an owner is ahead of real time."""
        if is_ahead:
            self.ahead.add(owner)
        elif owner in self.ahead:
            self.ahead.discard(owner)
            self.recheck()

    def recheck(self) -> None:
        """Wake the waiting callers of `get`, because `admits_ahead` may have changed."""
        self._filled.set()

    async def get(self, most: int = 1) -> list[Job]:
        """Take the first job of the owner whose turn it is, and others to be done at once with it.

        It waits until there is a job. Where several may be taken, it waits until the first has
        waited for `GATHER_SECONDS`, unless no other owner uses the workers.

        Args:
            most: most jobs to take.

        Returns:
            The jobs, those with the shortest audio first: their replies come in this order.

        """
        while True:
            while self._first_owner() is None:
                await self._more()
            if most > 1 and self._has_company():
                await self._gather(most)
            if (first := self._first()) is not None:  # nobody else has taken it meanwhile
                batch = [first, *self._beside(first, most - 1)]
                return sorted(batch, key=lambda job: job.samples)

    async def _more(self) -> None:
        self._filled.clear()
        await self._filled.wait()

    def _has_company(self) -> bool:
        """Return whether several owners use the workers."""
        return len(self._waiting) > 1 or self._charges.are_recent(
            self._now(), without=self._waiting
        )

    async def _gather(self, most: int) -> None:
        """Wait until there are enough jobs, or the first has waited long enough. Take none."""
        waited_seconds = self._now() - min(waiting.since for waiting in self._waiting.values())
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS - waited_seconds):
                while sum(len(waiting.jobs) for waiting in self._waiting.values()) < most:
                    await self._more()

    def _beside(self, job: Job, most: int) -> list[Job]:
        """Take at most so many of the next jobs, to be done at once with a taken one.

        It does not wait. A suspect is done alone, as the worker may die of it. The jobs of owners
        ahead of real time are not done with those of others, which would wait for them.
        """

        def fits(other: Job) -> bool:
            are_ahead = [each.owner in self.ahead for each in (job, other)]
            return not job.suspect and not other.suspect and are_ahead[0] == are_ahead[1]

        taken: list[Job] = []
        while len(taken) < most and (found := self._first(fits)) is not None:
            taken.append(found)
        return taken

    def _first(self, fits: Callable[[Job], bool] = lambda _: True) -> Job | None:
        # A separate function: while `get` waits, it must hold no reference to a cancelled job.
        while (owner := self._first_owner()) is not None:
            waiting = self._waiting[owner]
            jobs = deque(job for job in waiting.jobs if not job.reply.done())
            if jobs and not fits(jobs[0]):
                return None
            del self._waiting[owner]
            if not jobs:  # all were cancelled
                continue
            job = jobs.popleft()
            if jobs:
                self._waiting[owner] = _Waiting(self._now(), jobs)  # after the others
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
