"""Interim texts from recognisers of whole utterances: they recognise an open utterance repeatedly.

A separate worker does this. It runs only while no other process wants the processor, so that no
final text waits for it. It starts when a client first asks for interim texts.
"""

import asyncio
import math
from collections.abc import Hashable

from msgspec.structs import replace

from hwaja.engines.recognition import Hypothesis
from hwaja.process.supervision import Faults
from hwaja.protocol.values import Options
from hwaja.workers.efforts import GREEDY
from hwaja.workers.pool import Pool, ReadSamples
from hwaja.workers.transport import wire

FIRST_PAUSE_SECONDS = 5.0
"""Pause between a failed start and the next attempt: an attempt loads a model, which takes
seconds."""

LONGEST_PAUSE_SECONDS = 300.0
"""Longest pause: as long as the models are broken, each attempt costs processor time."""


class InterimWorker:
    """The worker for interim texts, shared by all sessions."""

    def __init__(self, setup: wire.Setup) -> None:
        """Create the worker. `setup` is that of the final texts' workers. Starts no process."""
        self._pool = Pool(replace(setup, voices=None, low_priority=True), workers=1)
        self._starting: asyncio.Task[None] | None = None
        self._start_at = math.inf  # of a retry, in the loop's time
        self._failed_starts = Faults(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The last process, by worker number; empty before the first start."""
        return self._pool.processes

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """See `Pool.set_ahead`."""
        self._pool.set_ahead(owner, is_ahead)

    def leave(self, owner: Hashable) -> None:
        """See `Pool.leave`."""
        self._pool.leave(owner)

    async def recognise(
        self, owner: Hashable, read: ReadSamples, samples: int, options: Options
    ) -> Hypothesis:
        """Return the text of an open utterance so far. Waits until the processor is idle.

        Args:
            owner: the session.
            read: reads the audio when the worker is free.
            samples: approximate length of the audio in samples.
            options: options of the recogniser.

        Raises:
            EngineError: the engine failed on the audio, or the worker could not be started. A later
                call tries the start again after a pause.

        """
        await self.start()
        return await self._pool.recognise(owner, read, samples, options, effort=lambda: GREEDY)

    async def start(self) -> None:
        """Start the worker, if it does not run. Return once it has loaded its model.

        Raises:
            EngineError: the worker could not be started. A later call tries again after a pause.

        """
        if self._starting is None or asyncio.get_running_loop().time() >= self._start_at:
            self._start_at = math.inf
            self._starting = asyncio.create_task(self._start())
        # A session that ends while it waits must not cancel the start for the other sessions.
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        try:
            await self._pool.start()
        except Exception:
            now = asyncio.get_running_loop().time()
            self._start_at = now + self._failed_starts.add(now)
            raise

    async def close(self) -> None:
        """End the worker process, if it was started."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._pool.close()
