"""What a server holds, and whether it grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwaja.benchmark.serving import Service, resident_bytes


class BrokenPromiseError(Exception):
    """What the server promises was not seen. Says what, in one sentence."""


@dataclass(frozen=True)
class Usage:
    """What the server holds (Linux)."""

    front_bytes: int
    workers_bytes: int
    front_files: int

    def __str__(self) -> str:
        front, workers = self.front_bytes / 2**20, self.workers_bytes / 2**20
        return f"front {front:.1f} MiB, workers {workers:.1f} MiB, {self.front_files} files"


def usage(service: Service) -> Usage:
    """Look at a server."""
    front = service.process.pid
    workers = sum(map(resident_bytes, service.worker_pids))
    return Usage(resident_bytes(front), workers, len(list(Path(f"/proc/{front}/fd").iterdir())))


def growth_bytes(looks: Sequence[tuple[float, Usage]]) -> tuple[float, float]:
    """Return how much front and workers grow for each unit of the first column, by least squares.

    The first half is left out: an allocator has not met the most of everything yet.
    """
    settled = looks[len(looks) // 2 :]
    at = [moment for moment, _ in settled]
    fronts = np.polyfit(at, [look.front_bytes for _, look in settled], 1)
    workers = np.polyfit(at, [look.workers_bytes for _, look in settled], 1)
    return float(fronts[0]), float(workers[0])
