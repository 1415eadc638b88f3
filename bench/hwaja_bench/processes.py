"""Measures the resource usage of the server's processes."""

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
"""The process with the sockets, which also runs VAD."""

DETECTION = "speech detection"

INTERIMS = "interims"
"""The process for interim texts, which runs at the lowest priority."""


@dataclass(frozen=True, slots=True)
class Look:
    """One measurement of all processes, by process name."""

    at_seconds: float
    """Time of the monotonic clock."""
    cpu_seconds: dict[str, float]
    resident_bytes: dict[str, int]
    front_files: int = 0
    """Open files and sockets of the front process."""


def look(service: Service) -> Look:
    """Measure the front process and each worker; a worker that has just died is skipped."""
    cpu, resident = {}, {}
    for name, process in named(service):
        with suppress(psutil.NoSuchProcess):
            cpu[name] = cpu_seconds(process)
            resident[name] = int(process.memory_info().rss)
    return Look(time.monotonic(), cpu, resident, service.process.num_fds())


def named(service: Service) -> Iterator[tuple[str, psutil.Process]]:
    """Yield the front process, and the workers in their start order, with names."""
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
    """Measure periodically until cancelled."""
    while True:
        looks.append(look(service))
        await asyncio.sleep(PERIOD_SECONDS)


def spent(before: Look, after: Look, detection_seconds: float) -> dict[str, float]:
    """Return the CPU seconds of each process between two measurements.

    Args:
        before: the first measurement; a worker that is not in it was started later.
        after: the second measurement.
        detection_seconds: the front process's CPU seconds for VAD meanwhile, listed separately.

    """
    used = {FRONT: 0.0, DETECTION: detection_seconds}
    for name, seconds in after.cpu_seconds.items():
        used[name] = seconds - before.cpu_seconds.get(name, 0.0)
    used[FRONT] -= detection_seconds
    return used


def front_bytes(service: Service) -> int:
    """Return the resident memory of the front process, in bytes."""
    return int(service.process.memory_info().rss)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process."""
    times = process.cpu_times()
    return float(times.user + times.system)


def peak_bytes(process: psutil.Process) -> int:
    """Return the peak resident memory in bytes (Linux; psutil does not report it)."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    (found,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) * 1024
