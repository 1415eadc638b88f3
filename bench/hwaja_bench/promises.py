"""Checks a server's promises: bounded memory, closed files, recovery from worker deaths."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

import psutil

from hwaja.client import ClientError
from hwaja_bench.processes import FRONT, look
from hwaja_bench.server import Service, tone_server
from hwaja_bench.stats import slope


class BrokenPromiseError(Exception):
    """The server broke a promise. The message says which, in one sentence."""


@dataclass(frozen=True)
class Usage:
    """Memory and open files of the server."""

    front_bytes: int
    workers_bytes: int
    front_files: int

    def __str__(self) -> str:
        front, workers = self.front_bytes / 2**20, self.workers_bytes / 2**20
        return f"front {front:.1f} MiB, workers {workers:.1f} MiB, {self.front_files} files"


def usage(service: Service) -> Usage:
    """Measure a server."""
    found = look(service)
    front = found.resident_bytes[FRONT]
    return Usage(front, sum(found.resident_bytes.values()) - front, found.front_files)


def growth_bytes(looks: Sequence[tuple[float, Usage]]) -> tuple[float, float]:
    """Return the memory growth of the front and of the workers per unit of the first column.

    The first half is skipped, since the allocator has not reached its peak sizes yet.
    """
    settled = looks[len(looks) // 2 :]
    at = [moment for moment, _ in settled]
    return (
        slope(at, [held.front_bytes for _, held in settled]),
        slope(at, [held.workers_bytes for _, held in settled]),
    )


class WorkerKiller:
    """Kills a worker periodically."""

    def __init__(self, service: Service, seed: int) -> None:
        self._service = service
        self._chance = random.Random(seed)  # noqa: S311 (no secret)
        self.killed = 0
        """Number of killed workers."""

    async def run(self, every_seconds: float) -> None:
        """Kill a worker every `every_seconds` until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            if workers := self._service.workers:
                try:
                    self._chance.choice(workers).kill()
                    self.killed += 1
                except psutil.NoSuchProcess:
                    pass


def kept(promise: Callable[[Service], Coroutine[None, None, None]], *options: str) -> int:
    """Check a promise on a server with the tone model; print a failure; return the exit code.

    Args:
        promise: the check, which raises BrokenPromiseError.
        options: options of the server.

    """
    broken: list[Exception] = []
    with tone_server(*options) as service:
        try:
            asyncio.run(promise(service))
        except* (BrokenPromiseError, ClientError, TimeoutError) as group:
            broken += group.exceptions
    for error in broken:
        print(f"broken: {error!r}")
    return 1 if broken else 0
