"""What the server's processes use while they serve (Linux)."""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hwaja.benchmark.serving import Service, cpu_seconds, resident_bytes

PERIOD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all processes; each by its name."""

    at_seconds: float
    """Of the monotonic clock."""
    cpu_seconds: dict[str, float]
    resident_bytes: dict[str, int]


def look(service: Service) -> Look:
    """Look at the front's event loop, its other threads (which detect speech), and each worker."""
    front = service.process.pid
    threads = {int(folder.name) for folder in Path(f"/proc/{front}/task").iterdir()}
    cpu = {
        "event loop": cpu_seconds(front, front),
        "speech detection": sum(cpu_seconds(front, each) for each in threads - {front}),
    }
    resident = {"front": resident_bytes(front)}
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
