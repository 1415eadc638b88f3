"""One worker process as the front sees it: its pipes, which carry `wire` frames, and its work."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Candidate
from hwaja.privacy.error_redaction import log_failure
from hwaja.privacy.hardening import overwriting
from hwaja.process.log_writer import WRITER
from hwaja.workers import frames, wire
from hwaja.workers.jobs import Job
from hwaja.workers.stream_router import Route

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Each core has a worker. The threads that NumPy's library would start poll for work, which took a
third of the recogniser's processor time (bench/RESULTS.md)."""

_READ_BYTES = 4096
"""Bytes per read from a worker. A longer line of its stderr is divided."""


class WorkerProcess:
    """A running worker. Requests and replies may overlap in time, but frames never interleave."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise EngineError("a worker was started without pipes")
        self.process = process
        self._requests = process.stdin
        self._replies = process.stdout
        # `drain` then waits until all is sent: some loops, such as uvloop's, keep a reference to
        # the data until then, and it must be overwritten afterwards.
        process.stdin.transport.set_write_buffer_limits(high=0)
        WRITER.start()
        self._passing_on = asyncio.create_task(
            _pass_on(process.stderr), name=f"stderr of worker {process.pid}"
        )
        self._passing_on.add_done_callback(self._passed_on)

    @classmethod
    async def spawn(cls, module: str) -> Self:
        """Start a process that runs a module. It loads no model before the first request.

        Raises:
            OSError: the system cannot start a process.

        """
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=overwriting(_ONE_THREAD | os.environ),
            )
        )

    async def send(self, request: wire.Request) -> None:
        """Send a request, then overwrite its audio. Waits while the pipe is full.

        Raises:
            OSError: the worker has died.

        """
        frame = frames.encode(request)
        for part in request.jobs if isinstance(request, wire.Batch) else (request,):
            if isinstance(part, wire.Recognise | wire.Embed | wire.Feed):
                frames.erase(part.samples)
            if isinstance(part, wire.Recognise) and part.voice is not None:
                frames.erase(part.voice)
        try:
            self._requests.write(frame)
            await self._requests.drain()
        finally:
            frames.erase(frame)

    async def receive(self) -> wire.Reply:
        """Return the next reply.

        Raises:
            OSError, EOFError: the worker has died.
            frames.WireError: the worker sent something other than a reply.

        """
        header = await self._replies.readexactly(frames.HEADER_BYTES)
        return frames.decode_reply(await self._replies.readexactly(frames.body_bytes(header)))

    async def end(self) -> None:
        """Kill the process if it still runs, wait for its exit, and write the rest of its log.

        This continues if the caller is cancelled: the exit of a process is only reported while its
        pipes are read.
        """
        if self.process.returncode is None:
            self.process.kill()
        await asyncio.shield(asyncio.create_task(self._reap()))

    async def _reap(self) -> None:
        # asyncio reports the exit only once every pipe is at its end. It stops reading a pipe that
        # has much unread data. So the replies are read during the wait, not after it.
        await asyncio.gather(self.process.wait(), self._discard_replies())
        await asyncio.wait((self._passing_on,))

    async def _discard_replies(self) -> None:
        """Read and drop the remaining replies, to the end of the pipe."""
        with suppress(OSError):
            while await self._replies.read(_READ_BYTES):
                pass

    def _passed_on(self, task: asyncio.Task[None]) -> None:
        """Kill a process whose stderr is no longer read: it would block once the pipe is full."""
        log_failure(task)
        if self.process.returncode is None and not task.cancelled() and task.exception():
            self.process.kill()


async def _pass_on(stderr: asyncio.StreamReader) -> None:
    """Write the stderr of a process to the log. The process never waits for the log's reader."""
    rest = b""
    while text := await stderr.read(_READ_BYTES):
        lines, newline, rest = (rest + text).rpartition(b"\n")
        if len(rest) > _READ_BYTES:
            lines, newline, rest = lines + newline + rest, b"\n", b""
        if lines:
            WRITER.put_raw(lines + newline)
    if rest:
        WRITER.put_raw(rest + b"\n")


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
class WorkerSlot:
    """A worker with its current jobs and streams. Rejects replies without a request."""

    worker: WorkerProcess
    line: Route
    replied: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by a reply to a current job. Whoever waits for it clears it."""
    offer: wire.Candidates | None = None
    """The texts among which the worker waits for a choice."""
    tried: int | None = None
    """Id of the suspect that the worker is processing."""
    _last_tried: int | None = None
    _asked: dict[int, _Asked] = field(default_factory=dict)
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

    async def send_streams(self) -> None:
        """Send the requests of the worker's streams, until the worker dies."""
        with suppress(OSError):
            while True:
                await self.worker.send(await self.line.next_request())

    def take_reply(self, reply: wire.Reply) -> None:
        """Pass a reply of the worker to its job or stream.

        Raises:
            WireError: the reply does not match a current job; all of them stay unchanged.

        """
        if isinstance(reply, wire.Stepped):
            for result in reply.results:
                self.line.take(result)
        elif isinstance(reply, wire.SuspectNotice):
            self.tried = reply.item_id
            self._last_tried = reply.item_id or self._last_tried
        elif isinstance(reply, wire.Candidates):
            asked = self._asked.get(reply.job_id)
            if asked is None or not asked.offers or self.offer:
                raise frames.WireError("candidates that were not asked for")
            self.offer = reply
            self.replied.set()
        else:
            self._take_answer(reply)

    def blame_last_tried(self) -> None:
        """Blame the last announced suspect: its reply may be the invalid one."""
        self.tried = self._last_tried

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
