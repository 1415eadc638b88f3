"""Kills workers while others talk."""

import asyncio
import os
import random
import signal

from hwaja.benchmark.serving import Service


class Killer:
    """Kills one of the processes, again and again."""

    def __init__(self, service: Service, seed: int) -> None:
        self._service = service
        self._chance = random.Random(seed)  # noqa: S311 (no secret)
        self.killed = 0
        """How many there were."""

    async def run(self, every_seconds: float) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            if pids := self._service.worker_pids:
                os.kill(self._chance.choice(pids), signal.SIGKILL)
                self.killed += 1
