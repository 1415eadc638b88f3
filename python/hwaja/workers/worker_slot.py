"""The work that one worker has: its jobs, its streams, and which replies are valid for them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from hwaja.engines.recognition import Candidate
from hwaja.workers.jobs import Job
from hwaja.workers.stream_router import Route
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_link import WorkerLink

ChooseLater = Callable[[Sequence[Candidate], str], Awaitable[int]]
"""Returns the index of the candidate to take; see `engines.recognition.Choose`."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job that a worker has, and the replies that are valid for it."""

    job: Job
    answer: type[wire.JobReply]
    """Type of the reply, unless the job fails."""
    offers: bool
    """Whether the worker may offer candidates."""


@dataclass(slots=True)
class JobSlot:
    """A worker with its current jobs. Rejects replies without a request."""

    worker: WorkerLink
    replied: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """Set by a reply to a current job. Whoever waits for it clears it."""
    offer: wire.Candidates | None = field(default=None, init=False)
    """The texts among which the worker waits for a choice."""
    _asked: dict[int, _Asked] = field(default_factory=dict, init=False)
    """The jobs that the worker has, by id, in the order of their requests."""

    @property
    def jobs(self) -> list[tuple[int, Job]]:
        """The jobs that the worker has not answered, with their ids."""
        return [(job_id, asked.job) for job_id, asked in self._asked.items()]

    def begin(self, job: Job, job_id: int) -> wire.JobRequest | None:
        """Begin a job, and return its request.

        None: the audio cannot be read, because the session has ended. The job has failed then.
        """
        try:
            request = job.request(job_id, job.suspect)
        except Exception as error:
            job.fail(f"the audio cannot be read ({type(error).__name__})")
            return None
        answer = wire.Embedded if isinstance(request, wire.Embed) else wire.Recognised
        offers = isinstance(request, wire.Recognise) and request.offers
        self._asked[job_id] = _Asked(job, answer, offers)
        return request

    async def do(self, requests: Sequence[wire.JobRequest], choose: ChooseLater | None) -> None:
        """Send the requests of the current jobs, and wait until the worker has done the jobs.

        Args:
            requests: those that `begin` returned, at least one.
            choose: chooses among the candidates that the worker offers.

        Raises:
            OSError: the worker died.

        """
        await self.worker.send(requests[0] if len(requests) == 1 else wire.Batch(list(requests)))
        while self._asked:
            await self.replied.wait()
            self.replied.clear()
            if self.offer is not None and choose is not None:
                offer = self.offer
                index = await choose(offer.candidates, offer.language)
                self.offer = None
                await self.worker.send(wire.Choose(offer.job_id, index))

    def take_reply(self, reply: wire.Reply) -> None:
        """Pass a reply of the worker to its job.

        Raises:
            WireError: the reply does not match a current job; all of them stay unchanged.

        """
        if isinstance(reply, wire.Candidates):
            asked = self._asked.get(reply.job_id)
            if asked is None or not asked.offers or self.offer:
                raise frames.WireError("candidates that were not asked for")
            self.offer = reply
            self.replied.set()
        else:
            self._take_answer(reply)

    def _take_answer(self, reply: wire.Reply) -> None:
        if not isinstance(reply, wire.JobReply):
            raise frames.WireError("an answer of another kind")
        asked = self._asked.get(reply.job_id)
        if asked is None:
            raise frames.WireError("an answer to nothing that was asked")
        if not isinstance(reply, asked.answer | wire.Failed):
            raise frames.WireError("an answer of another kind")
        del self._asked[reply.job_id]
        if not asked.job.reply.done():
            asked.job.reply.set_result(reply)
        self.replied.set()


@dataclass(slots=True)
class WorkerSlot(JobSlot):
    """A worker with its current jobs and streams."""

    line: Route
    tried: int | None = field(default=None, init=False)
    """Id of the suspect that the worker is processing."""
    _last_tried: int | None = field(default=None, init=False)

    @property
    def is_free(self) -> bool:
        """Whether the worker has neither a job nor a stream."""
        return not self._asked and not self.line.utterances

    async def send_streams(self) -> None:
        """Send the requests of the worker's streams, until the worker dies."""
        with suppress(OSError):
            while True:
                await self.worker.send(await self.line.next_request())

    def take_reply(self, reply: wire.Reply) -> None:
        """Pass a reply of the worker to its job or stream; see `JobSlot.take_reply`."""
        if isinstance(reply, wire.Stepped):
            for result in reply.results:
                self.line.take(result)
        elif isinstance(reply, wire.SuspectNotice):
            self.tried = reply.item_id
            self._last_tried = reply.item_id or self._last_tried
        else:
            JobSlot.take_reply(self, reply)  # no `super()`: `slots=True` makes another class

    def blame_last_tried(self) -> None:
        """Blame the last announced suspect: its reply may be the invalid one."""
        self.tried = self._last_tried
