"""The current job and streams of a running worker. Rejects replies without a request."""

import asyncio
from dataclasses import dataclass, field

from hwaja.workers import wire
from hwaja.workers.jobs import Job
from hwaja.workers.stream_router import Route
from hwaja.workers.worker_process import WorkerProcess


@dataclass(slots=True)
class WorkerSlot:
    """One worker, the route of its utterances, and its current job."""

    worker: WorkerProcess
    line: Route
    job: Job | None = None
    """The current job."""
    job_id: int = 0
    job_done: asyncio.Event = field(default_factory=asyncio.Event)
    tried: int | None = None
    """Id of the suspect that the worker is processing."""
    _last_tried: int | None = None
    _answer: type[wire.JobReply] = wire.Failed
    """Type of the reply to the current job, unless the job fails."""

    def begin(self, job: Job, job_id: int) -> wire.JobRequest | None:
        """Begin a job, and return its request.

        None: the audio cannot be read, because the session has ended. The job has failed then.
        """
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
        """Pass a reply of the worker to its job or stream.

        Raises:
            WireError: the reply does not match the current job, which stays unchanged.

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
        """Blame the last announced suspect: its reply may be the invalid one."""
        self.tried = self._last_tried

    def _take_answer(self, reply: wire.Ready | wire.Unusable | wire.JobReply) -> None:
        if not isinstance(reply, self._answer | wire.Failed):
            raise wire.WireError("an answer of another kind")
        if self.job is None or reply.job_id != self.job_id or self.job_done.is_set():
            raise wire.WireError("an answer to nothing that was asked")
        if not self.job.reply.done():
            self.job.reply.set_result(reply)
        self.job_done.set()
