"""What a running worker is at, and what it answers; it is held to what it was asked for."""

import asyncio
from dataclasses import dataclass, field

from hwaja.workers import wire
from hwaja.workers.jobs import Job
from hwaja.workers.stream_router import Route
from hwaja.workers.worker_process import WorkerProcess


@dataclass(slots=True)
class WorkerSlot:
    """One worker, the utterances that it hears, and the job that it has."""

    worker: WorkerProcess
    line: Route
    job: Job | None = None
    """The job that it has."""
    job_id: int = 0
    job_done: asyncio.Event = field(default_factory=asyncio.Event)
    tried: int | None = None
    """The suspect that it is touching."""
    _last_tried: int | None = None
    _answer: type[wire.JobReply] = wire.Failed
    """What the job is answered with, unless it fails."""

    def begin(self, job: Job, job_id: int) -> wire.JobRequest | None:
        """Return what to send for a job; None where its audio is gone, because its session is."""
        self.job, self.job_id = job, job_id
        self.job_done.clear()
        try:
            request = job.request(job_id, job.suspect)
        except Exception as error:
            job.fail(f"the audio cannot be read ({type(error).__name__})")
            return None
        self._answer = wire.Embedded if isinstance(request, wire.Embed) else wire.Recognised
        return request

    def take_reply(self, reply: wire.Reply) -> None:
        """Pass on what the worker says.

        Raises:
            WireError: where nobody asked for it.

        """
        if isinstance(reply, wire.Stepped):
            for heard in reply.heard:
                self.line.take(heard)
        elif isinstance(reply, wire.SuspectNotice):
            self.tried = reply.item_id
            self._last_tried = reply.item_id or self._last_tried
        else:
            self._take_answer(reply)

    def blame_last_tried(self) -> None:
        """Take the last suspect for what went wrong: it may be the answer to it that did."""
        self.tried = self._last_tried

    def _take_answer(self, reply: wire.Ready | wire.Unusable | wire.JobReply) -> None:
        if not isinstance(reply, self._answer | wire.Failed):
            raise wire.WireError("an answer of another kind")
        if self.job is None or reply.job_id != self.job_id or self.job_done.is_set():
            raise wire.WireError("an answer to nothing that was asked")
        if not self.job.reply.done():
            self.job.reply.set_result(reply)
        self.job_done.set()
