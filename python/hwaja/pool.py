"""The front's side of the workers: starts, watches and restarts them, and shares them fairly.

A worker has one job at a time. When it dies, its job is sent to the next free worker, from audio
that the session still holds; a job that two workers died of fails alone.
"""

import asyncio
import sys
from collections.abc import Callable, Hashable
from typing import Self

import numpy as np
import structlog

from hwaja import wire
from hwaja.engine import Embedding, EngineError, Samples
from hwaja.jobs import FairQueue, Job

MAX_DEATHS = 2
"""Workers that may die of one job before it fails."""

START_TRIES = 3
"""Failures in a row to start a worker, after which jobs no longer wait for it."""

_RESTART_PAUSE_SECONDS = 0.5  # after a failed start, so that a broken machine is not spun

_CLOSED = "the engine was stopped"

_log = structlog.get_logger("hwaja.pool")

ReadSamples = Callable[[], Samples]
"""Reads a job's audio from the session's ring, afresh for every try."""


class _UnusableError(EngineError):
    """The models are at fault: starting a worker again at once would not help."""


class _Worker:
    """One worker process and its two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise EngineError("a worker was started without pipes")
        self.process = process
        self._requests = process.stdin
        self._replies = process.stdout

    @classmethod
    async def spawn(cls) -> Self:
        """Start a process; it loads nothing before it is told to."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hwaja.worker", stdin=pipe, stdout=pipe
            )
        )

    async def exchange(self, request: wire.Request) -> wire.Reply:
        """Send a request and read its reply; the audio in the request is overwritten.

        Raises:
            OSError, EOFError: where the worker died.
            wire.WireError: where it answered something else than a reply.

        """
        frame = wire.encode(request)
        if not isinstance(request, wire.Setup):
            wire.erase(request.samples)
        try:
            self._requests.write(frame)
            await self._requests.drain()
            header = await self._replies.readexactly(wire.HEADER_BYTES)
            return wire.decode_reply(await self._replies.readexactly(wire.body_bytes(header)))
        finally:
            wire.erase(frame)

    async def end(self) -> None:
        """Kill the process if it still runs, and reap it."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Pool:
    """The worker processes and the jobs that wait for them."""

    def __init__(self, setup: wire.Setup, workers: int) -> None:
        self._setup = setup
        self._workers = workers
        self._queue = FairQueue()
        self._jobs: set[Job] = set()  # all that are waited for
        self._tasks: list[asyncio.Task[None]] = []
        self._running = 0  # workers that have loaded their models
        self._closed = False
        self._next_job_id = 0
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        """The running workers, by number."""
        self.idle_workers = 0
        """How many workers wait for a job."""
        self.restarts = 0
        """How many workers have died and were started again."""

    async def start(self) -> None:
        """Start the workers and return once all have loaded their models.

        Raises:
            EngineError: where the models cannot be loaded; no worker is left running.

        """
        ready = [asyncio.get_running_loop().create_future() for _ in range(self._workers)]
        self._tasks = [
            asyncio.create_task(self._supervise(number, future))
            for number, future in enumerate(ready)
        ]
        try:
            await asyncio.gather(*ready)
        except EngineError:
            await self.close()
            raise

    async def close(self) -> None:
        """End every worker; jobs still waiting, and later ones, fail."""
        self._closed = True
        self._fail_waiting(_CLOSED)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A task that was just ending its worker was interrupted in waiting for it.
        await asyncio.gather(*(process.wait() for process in self.processes.values()))

    async def recognise(
        self, owner: Hashable, read: ReadSamples, samples: int, speech_seconds: float
    ) -> str:
        """Return the text of an utterance of `samples` samples; empty if no words were heard.

        Raises:
            EngineError: where the engine failed on it.

        """

        def request(job_id: int) -> wire.Request:
            return wire.Recognise(job_id, _bytes_of(read()), speech_seconds)

        reply = await self._do(owner, request, samples)
        if not isinstance(reply, wire.Recognised):
            raise EngineError("recognition failed")
        return reply.text

    async def embed(self, owner: Hashable, read: ReadSamples, samples: int) -> Embedding:
        """Return the embedding of the voice in `samples` samples of audio.

        Raises:
            EngineError: where the engine failed on it.

        """

        def request(job_id: int) -> wire.Request:
            return wire.Embed(job_id, _bytes_of(read()))

        reply = await self._do(owner, request, samples)
        if not isinstance(reply, wire.Embedded):
            raise EngineError("embedding failed")
        return np.frombuffer(reply.vector, np.float32).copy()

    async def _do(
        self, owner: Hashable, request: Callable[[int], wire.Request], samples: int
    ) -> wire.Reply:
        if self._closed:
            raise EngineError(_CLOSED)
        # Ten times what the slowest machine that keeps up would need, and time to warm up.
        job = Job(owner, request, limit_seconds=20 + 10 * samples / 16_000)
        self._jobs.add(job)
        self._queue.put(job)
        try:
            return await job.reply
        finally:
            self._jobs.discard(job)

    async def _supervise(self, number: int, ready: asyncio.Future[None]) -> None:
        """Keep one worker running; `ready` tells when it first runs, or why it cannot."""
        failures = 0  # to start it, in a row
        while True:
            try:
                await self._live(number, ready)
                failures = 0
            except EngineError as error:
                failures += 1
                hopeless = failures >= START_TRIES or isinstance(error, _UnusableError)
                if hopeless and not ready.done():
                    ready.set_exception(error)
                    return
                _log.error("worker cannot be started", worker=number, reason=str(error))
                if hopeless and not self._running:
                    self._fail_waiting(str(error))
                await asyncio.sleep(_RESTART_PAUSE_SECONDS)
            self.restarts += 1
            _log.warning("worker ended, starting it again", worker=number)

    async def _live(self, number: int, ready: asyncio.Future[None]) -> None:
        """Start a worker, have it load its models and do jobs; returns once it has died.

        Raises:
            EngineError: where it did not come so far as to do jobs.

        """
        try:
            worker = await _Worker.spawn()
        except OSError as error:
            raise EngineError(f"A worker cannot be started: {error.strerror}.") from error
        self.processes[number] = worker.process
        try:
            await self._load(worker)
            if not ready.done():
                ready.set_result(None)
            self._running += 1
            try:
                await self._work(worker)
            finally:
                self._running -= 1
        finally:
            await worker.end()

    async def _load(self, worker: _Worker) -> None:
        """Have the worker load its models."""
        try:
            reply = await worker.exchange(self._setup)
        except (OSError, EOFError, wire.WireError):
            reply = None
        if isinstance(reply, wire.Unusable):
            raise _UnusableError(reply.sentence)
        if not isinstance(reply, wire.Ready):
            raise EngineError(
                f"The engine ends while it loads {self._setup.recogniser_dir} and "
                f"{self._setup.embedder_file}; a file may be damaged."
            )

    async def _work(self, worker: _Worker) -> None:
        """Give the worker one job after the other, until it dies."""
        while (job := await self._next_job(worker.process)) is not None:
            request = self._request(job)
            if request is None:
                continue
            try:
                async with asyncio.timeout(job.limit_seconds):
                    reply = await worker.exchange(request)
            except (OSError, EOFError, wire.WireError, TimeoutError):
                self._retry(job)
                return
            if not job.reply.done():
                job.reply.set_result(reply)

    def _request(self, job: Job) -> wire.Request | None:
        """Return what to send for a job; None where its audio is gone, because its session is."""
        self._next_job_id += 1
        try:
            return job.request(self._next_job_id)
        except Exception as error:
            _fail(job, f"the audio cannot be read ({type(error).__name__})")
            return None

    async def _next_job(self, process: asyncio.subprocess.Process) -> Job | None:
        """Wait for a job; None if the worker died while it was idle."""
        job = asyncio.ensure_future(self._queue.get())
        death = asyncio.ensure_future(process.wait())
        self.idle_workers += 1
        try:
            await asyncio.wait((job, death), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.idle_workers -= 1
            died = death.done()
            death.cancel()
            if not job.done():
                job.cancel()
        if job.cancelled() or not job.done():
            return None
        if died:
            self._queue.put_back(job.result())
            return None
        return job.result()

    def _retry(self, job: Job) -> None:
        job.deaths += 1
        if job.deaths >= MAX_DEATHS:
            _fail(job, "the engine ended on this audio")
        elif not job.reply.done():
            self._queue.put_back(job)

    def _fail_waiting(self, sentence: str) -> None:
        for job in self._jobs:
            _fail(job, sentence)


def _fail(job: Job, sentence: str) -> None:
    if not job.reply.done():
        job.reply.set_exception(EngineError(sentence))


def _bytes_of(samples: Samples) -> memoryview:
    return samples.data.cast("B")
