"""Interim texts from recognisers of whole utterances: what is open is recognised again and again.

This is done by a worker of its own that yields the processor to everyone, so that no final text
waits for it, and that is only started when a client first asks for interim results.
"""

import asyncio
import math
from collections.abc import Hashable

from msgspec.structs import replace

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers import wire
from hwaja.workers.pool import Pool, ReadSamples

FIRST_PAUSE_SECONDS = 5.0
"""After a start that failed, before the next is tried: it loads a model, for seconds."""

LONGEST_PAUSE_SECONDS = 300.0
"""Each pause is twice as long as the one before, up to this."""


class InterimWorker:
    """The worker for interim texts, shared by all sessions."""

    def __init__(self, setup: wire.Setup) -> None:
        """Prepare; `setup` is that of the workers for final texts."""
        self._pool = Pool(replace(setup, voices=None, yields=True), workers=1)
        self._starting: asyncio.Task[None] | None = None
        self._start_at = math.inf  # again, in the loop's time: never, unless a start failed
        self._pause_seconds = FIRST_PAUSE_SECONDS

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The process, once it was needed."""
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
        """Return the text of what there is of an utterance, when the processor is idle.

        Raises:
            EngineError: where the engine failed on it, or could not be started for now.

        """
        if self._starting is None or asyncio.get_running_loop().time() >= self._start_at:
            self._start_at = math.inf
            self._starting = asyncio.create_task(self._start())
        # A session that ends while it waits must not end the start for all others.
        await asyncio.shield(self._starting)
        return await self._pool.recognise(owner, read, samples, options)

    async def _start(self) -> None:
        try:
            await self._pool.start()
        except Exception:
            self._start_at = asyncio.get_running_loop().time() + self._pause_seconds
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
            raise

    async def close(self) -> None:
        """End the worker, if there is one."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._pool.close()
