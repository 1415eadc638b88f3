"""Workers without a process, whose jobs take a set time on a fake clock."""

import asyncio
import math

import numpy as np
import pytest
from fakes import voice_in

from hwaja.engines.interface import HOP_SAMPLES
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.workers import pool as pool_module
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport.worker_process import WorkerProcess


class TimedWorkers:
    """What all workers have in common; only their jobs make time pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self.job_seconds = 0.1
        """What each job or batch takes that begins from now on."""
        self.batch_size = 1
        """Most jobs that a worker takes at once."""
        self._done = 0
        self._allowed = math.inf
        self._changed = asyncio.Condition()

    def stand_in(self, patch: pytest.MonkeyPatch) -> None:
        """Have pools that are made from now on use these."""
        patch.setattr(pool_module, "_now", lambda: self.now)
        patch.setattr(WorkerProcess, "spawn", self._spawn)

    async def allow(self, jobs: float) -> None:
        """Have so many more jobs done, then none."""
        async with self._changed:
            self._allowed = self._done + jobs
            self._changed.notify_all()

    async def do(self) -> None:
        """Do a job, once that is allowed."""
        seconds = self.job_seconds
        async with self._changed:
            await self._changed.wait_for(lambda: self._done < self._allowed)
            self._done += 1
            self.now += seconds

    async def _spawn(self, _module: str) -> "_TimedWorker":
        return _TimedWorker(self)


class _TimedWorker:
    """A transport without a worker: every text is "text"; voices are those of `fakes`."""

    process = None

    def __init__(self, common: TimedWorkers) -> None:
        self._common = common
        self.replies = asyncio.StreamReader()

    async def write(self, frame: bytearray) -> None:
        request = frames.decode_request(frame[frames.HEADER_BYTES :])
        if isinstance(request, wire.Setup):
            self._reply(wire.Ready(Abilities(batch_size=self._common.batch_size)))
            return
        jobs = request.jobs if isinstance(request, wire.Batch) else [request]
        await self._common.do()
        for job in jobs:
            if isinstance(job, wire.Recognise | wire.Embed):
                self._reply(_answer(job))

    def _reply(self, reply: wire.Reply) -> None:
        self.replies.feed_data(frames.encode(reply))

    def kill(self) -> None:
        self.replies.feed_eof()

    async def end(self) -> None:
        pass


def _answer(request: wire.Recognise | wire.Embed) -> wire.Reply:
    if isinstance(request, wire.Recognise):
        return wire.Recognised(request.job_id, Hypothesis("text"))
    samples = np.frombuffer(request.samples, np.int16)
    hops = -(-len(samples) // HOP_SAMPLES)
    rows = np.tile(voice_in(samples), (1 + hops, 1)).astype(np.float32)
    overlap = np.zeros(hops, np.float32)
    return wire.Embedded(request.job_id, rows.data.cast("B"), overlap.data.cast("B"))
