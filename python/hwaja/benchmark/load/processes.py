"""What the server's processes use while they serve (Linux)."""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from hwaja.benchmark.serving import Service, cpu_seconds, resident_bytes

PERIOD_SECONDS = 1.0

FRONT = "front"
"""The process with the sockets, which detects speech as well."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all processes; each by its name."""

    at_seconds: float
    """Of the monotonic clock."""
    cpu_seconds: dict[str, float]
    resident_bytes: dict[str, int]


def look(service: Service) -> Look:
    """Look at the front and each worker."""
    front = service.process.pid
    cpu, resident = {FRONT: cpu_seconds(front)}, {FRONT: resident_bytes(front)}
    for name, pid in _workers(service):
        cpu[name] = cpu_seconds(pid)
        resident[name] = resident_bytes(pid)
    return Look(time.monotonic(), cpu, resident)


def _workers(service: Service) -> Iterator[tuple[str, int]]:
    """Name the workers in the order in which they were started; who yields makes interims."""
    usual = os.getpriority(os.PRIO_PROCESS, service.process.pid)
    number = 0
    for pid in sorted(service.worker_pids):
        if os.getpriority(os.PRIO_PROCESS, pid) > usual:
            yield "drafts", pid
        else:
            yield f"worker {number}", pid
            number += 1


async def watch(service: Service, looks: list[Look]) -> None:
    """Look again and again until cancelled."""
    while True:
        looks.append(look(service))
        await asyncio.sleep(PERIOD_SECONDS)
