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
"""Deaths in a row before its models are loaded, after which a worker is given up."""

_RESTART_PAUSE_SECONDS = 0.5  # after a death while loading, so that a broken machine is not spun

_log = structlog.get_logger("hwaja.pool")

ReadSamples = Callable[[], Samples]
"""Reads a job's audio from the session's ring, afresh for every try."""


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
        self._tasks: list[asyncio.Task[None]] = []
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
        """End every worker; jobs still waiting fail."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
        # Ten times what the slowest machine that keeps up would need, and time to warm up.
        job = Job(owner, request, limit_seconds=20 + 10 * samples / 16_000)
        self._queue.put(job)
        return await job.reply

    async def _supervise(self, number: int, ready: asyncio.Future[None]) -> None:
        """Keep one worker running."""
        deaths_in_a_row = 0
        while True:
            worker = await _Worker.spawn()
            self.processes[number] = worker.process
            try:
                if await self._load(worker):
                    deaths_in_a_row = 0
                    if not ready.done():
                        ready.set_result(None)
                    await self._work(worker)
                else:
                    deaths_in_a_row += 1
            except EngineError as error:
                if not ready.done():
                    ready.set_exception(error)
                return
            finally:
                await worker.end()
            self.restarts += 1
            _log.warning("worker ended, starting it again", worker=number)
            if deaths_in_a_row >= START_TRIES and not ready.done():
                ready.set_exception(EngineError("The engine ends while it loads its models."))
                return
            if deaths_in_a_row:
                await asyncio.sleep(_RESTART_PAUSE_SECONDS)

    async def _load(self, worker: _Worker) -> bool:
        """Have the worker load its models; return whether it lived."""
        try:
            reply = await worker.exchange(self._setup)
        except (OSError, EOFError, wire.WireError):
            return False
        if isinstance(reply, wire.Unusable):
            raise EngineError(reply.sentence)
        return isinstance(reply, wire.Ready)

    async def _work(self, worker: _Worker) -> None:
        """Give the worker one job after the other, until it dies."""
        while (job := await self._next_job(worker.process)) is not None:
            try:
                async with asyncio.timeout(job.limit_seconds):
                    self._next_job_id += 1
                    reply = await worker.exchange(job.request(self._next_job_id))
            except (OSError, EOFError, wire.WireError, TimeoutError):
                self._retry(job)
                return
            except asyncio.CancelledError:
                job.reply.cancel()
                raise
            if not job.reply.done():
                job.reply.set_result(reply)

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
        if job.reply.done():
            return
        job.deaths += 1
        if job.deaths < MAX_DEATHS:
            self._queue.put_back(job)
        else:
            job.reply.set_exception(EngineError("the engine ended on this audio"))


def _bytes_of(samples: Samples) -> memoryview:
    return samples.data.cast("B")
