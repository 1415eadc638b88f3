"""What the server's processes use while they serve."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from hwaja_bench.server import Service

PERIOD_SECONDS = 1.0

FRONT = "front"
"""The process with the sockets, which detects speech as well."""

DETECTION = "speech detection"

INTERIMS = "interims"
"""The process that makes interim texts; it yields to all others."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all processes; each by its name."""

    at_seconds: float
    """Of the monotonic clock."""
    cpu_seconds: dict[str, float]
    resident_bytes: dict[str, int]
    front_files: int = 0
    """Files and sockets that the front has open."""


def look(service: Service) -> Look:
    """Look at the front and each worker; one that has just died is left out."""
    cpu, resident = {}, {}
    for name, process in named(service):
        with suppress(psutil.NoSuchProcess):
            cpu[name] = cpu_seconds(process)
            resident[name] = int(process.memory_info().rss)
    return Look(time.monotonic(), cpu, resident, service.process.num_fds())


def named(service: Service) -> Iterator[tuple[str, psutil.Process]]:
    """Name the front, and the workers in the order in which they were started."""
    yield FRONT, service.process
    usual = service.process.nice()
    number = 0
    for process in service.workers:
        with suppress(psutil.NoSuchProcess):
            if process.nice() > usual:
                yield INTERIMS, process
            else:
                yield f"worker {number}", process
                number += 1


async def watch(service: Service, looks: list[Look]) -> None:
    """Look again and again until cancelled."""
    while True:
        looks.append(look(service))
        await asyncio.sleep(PERIOD_SECONDS)


def spent(before: Look, after: Look, detection_seconds: float) -> dict[str, float]:
    """Return the processor seconds of each process between two looks.

    Args:
        before: the first look; a worker that is not in it was started since.
        after: the second.
        detection_seconds: what the front spent on speech detection meanwhile, told by itself.

    """
    used = {FRONT: 0.0, DETECTION: detection_seconds}
    for name, seconds in after.cpu_seconds.items():
        used[name] = seconds - before.cpu_seconds.get(name, 0.0)
    used[FRONT] -= detection_seconds
    return used


def front_bytes(service: Service) -> int:
    """Return the resident memory of the front."""
    return int(service.process.memory_info().rss)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def peak_bytes(process: psutil.Process) -> int:
    """Return the most that the resident memory has been (Linux; psutil does not tell)."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    (found,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) * 1024
