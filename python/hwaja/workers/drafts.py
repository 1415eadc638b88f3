"""Interim texts from recognisers of whole utterances: what is open is recognised again and again.

This is done by a worker of its own that yields the processor to everyone, so that no final text
waits for it, and that is only started when a client first asks for interim results.
"""

import asyncio
from collections.abc import Hashable

from msgspec.structs import replace

from hwaja.recognition import Hypothesis, Options
from hwaja.workers import wire
from hwaja.workers.pool import Pool, ReadUtterance


class Drafts:
    """The worker for interim texts, shared by all sessions."""

    def __init__(self, setup: wire.Setup) -> None:
        """Prepare; `setup` is that of the workers for final texts."""
        self._pool = Pool(replace(setup, voices=None, yields=True), workers=1)
        self._starting: asyncio.Task[None] | None = None

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The process, once it was needed."""
        return self._pool.processes

    async def recognise(
        self, owner: Hashable, read: ReadUtterance, samples: int, options: Options
    ) -> Hypothesis:
        """Return the text of what there is of an utterance, when the processor is idle.

        Raises:
            EngineError: where the engine failed on it, or cannot be started.

        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._pool.start())
        # A session that ends while it waits must not end the start for all others.
        await asyncio.shield(self._starting)
        return await self._pool.recognise(owner, read, samples, options)

    async def close(self) -> None:
        """End the worker, if there is one."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._pool.close()
