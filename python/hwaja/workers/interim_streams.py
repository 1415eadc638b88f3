"""Interim texts from a streaming recogniser, beside the recogniser of the final texts.

A worker of its own decodes each open utterance once, while it is spoken. Like the worker of
`interim_worker`, it runs only while no other process wants the processor.
"""

import asyncio
from collections.abc import Hashable

from msgspec.structs import replace

from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Abilities
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import UtteranceStream


class InterimStreams:
    """The worker for interim texts, shared by all sessions."""

    def __init__(self, setup: wire.Setup) -> None:
        """Create the worker with this recogniser. Starts no process."""
        self._folder = setup.recogniser_dir
        self._pool = Pool(replace(setup, voices=None, low_priority=True), workers=1)

    @property
    def abilities(self) -> Abilities:
        """The abilities of the recogniser. Valid after `start`."""
        return self._pool.abilities

    @property
    def processes(self) -> dict[int, asyncio.subprocess.Process]:
        """The last process, by worker number; empty before the start."""
        return self._pool.processes

    async def start(self) -> None:
        """Start the worker, and return once it has loaded its model.

        Raises:
            EngineError: the worker cannot start or load its model, or the model does not stream.

        """
        await self._pool.start()
        if not self._pool.abilities.streaming:
            await self._pool.close()
            raise EngineError(f"{self._folder} is no streaming model: interim_model must be one.")

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        """See `Pool.set_ahead`."""
        self._pool.set_ahead(owner, is_ahead)

    def leave(self, owner: Hashable) -> None:
        """See `Pool.leave`."""
        self._pool.leave(owner)

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        """See `Pool.extend`."""
        self._pool.extend(utterance, stop)

    def drop(self, utterance: UtteranceStream) -> None:
        """See `Pool.drop`."""
        self._pool.drop(utterance)

    async def close(self) -> None:
        """End the worker process."""
        await self._pool.close()
