"""What a server promises, and what shows that it keeps it: memory, files, workers that die."""

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
    """What the server promises was not seen. Says what, in one sentence."""


@dataclass(frozen=True)
class Usage:
    """What the server holds."""

    front_bytes: int
    workers_bytes: int
    front_files: int

    def __str__(self) -> str:
        front, workers = self.front_bytes / 2**20, self.workers_bytes / 2**20
        return f"front {front:.1f} MiB, workers {workers:.1f} MiB, {self.front_files} files"


def usage(service: Service) -> Usage:
    """Look at a server."""
    found = look(service)
    front = found.resident_bytes[FRONT]
    return Usage(front, sum(found.resident_bytes.values()) - front, found.front_files)


def growth_bytes(looks: Sequence[tuple[float, Usage]]) -> tuple[float, float]:
    """Return how much front and workers grow for each unit of the first column.

    The first half is left out: an allocator has not met the most of everything yet.
    """
    settled = looks[len(looks) // 2 :]
    at = [moment for moment, _ in settled]
    return (
        slope(at, [held.front_bytes for _, held in settled]),
        slope(at, [held.workers_bytes for _, held in settled]),
    )


class Killer:
    """Kills one of the workers, again and again."""

    def __init__(self, service: Service, seed: int) -> None:
        self._service = service
        self._chance = random.Random(seed)  # noqa: S311 (no secret)
        self.killed = 0
        """How many there were."""

    async def run(self, every_seconds: float) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            if workers := self._service.workers:
                try:
                    self._chance.choice(workers).kill()
                    self.killed += 1
                except psutil.NoSuchProcess:
                    pass


def kept(promise: Callable[[Service], Coroutine[None, None, None]], *options: str) -> int:
    """Try a promise on a server with the tone model; print how it is broken; return the exit code.

    Args:
        promise: what is tried.
        options: those of the server.

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
