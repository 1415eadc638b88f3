"""A worker behind calls of several servers: an actor of Ray that outlives the one that started it.

It has a name, by which servers find it. It ends with its worker, or once no server uses it. Like
`engine_actor`, it raises no exception about a session.
"""

import asyncio
import threading
import time
from contextlib import suppress

from hwaja import __version__
from hwaja.privacy.error_redaction import log_failure
from hwaja.workers.shared_engine import SharedEngine
from hwaja.workers.transport.engine_actor import BEAT_SECONDS, PIECE_BYTES, begin_process
from hwaja.workers.transport.worker_link import WorkerLink
from hwaja.workers.transport.worker_process import WorkerProcess

SILENCE_SECONDS = 5 * BEAT_SECONDS
"""A server that asks for no replies for so long is dead, and its work is dropped."""

UNUSED_SECONDS = 2.0
"""The actor ends after it had no server for so long: one that lost its link comes back sooner."""

UNWANTED_SECONDS = 10.0
"""The actor ends if no server calls it for so long after its start. A call waits for each start,
unless its server has died meanwhile."""


class SharedEngineActor:
    """One worker process, and the servers that use it. Each is known by its secret."""

    def __init__(self) -> None:
        begin_process()
        self._starting = asyncio.Lock()
        self._engine: SharedEngine | None = None
        self._unwanted = threading.Timer(UNWANTED_SECONDS, _end)
        self._unwanted.daemon = True
        self._unwanted.start()

    async def attach(self, module: str) -> tuple[str, str | None]:
        """Begin to serve one more server. The first call starts a process that runs a module.

        Returns:
            The version of hwaja here, and the secret of the server. None: the engine has ended.

        Raises:
            OSError: the system cannot start a process.

        """
        self._unwanted.cancel()
        async with self._starting:
            if self._engine is None:
                process = await WorkerProcess.spawn(module)
                self._engine = SharedEngine(WorkerLink(process))
                self._life = asyncio.create_task(_live(self._engine), name="shared engine")
                self._life.add_done_callback(log_failure)
        return __version__, self._engine.attach()

    async def write(self, secret: str, *pieces: bytes) -> bool:
        """Send bytes of a server; return False if it can send no more. Its last call has ended."""
        for piece in pieces:
            if self._engine is None or not await self._engine.take(secret, piece):
                return False
        return True

    async def read(self, secret: str) -> bytes | None:
        """Return what there is for a server, or nothing after `BEAT_SECONDS`. None: it is over."""
        if self._engine is None:
            return None
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                return await self._engine.replies(secret, PIECE_BYTES)
        except TimeoutError:
            return b""

    async def leave(self, secret: str) -> None:
        """Drop a server, and its work."""
        if self._engine is not None:
            await self._engine.leave(secret)


async def _live(engine: SharedEngine) -> None:
    """Serve until the worker has died, or no server has used the engine for a while."""
    running = asyncio.create_task(engine.run(), name="worker of the shared engine")
    used_at = time.monotonic()
    while not running.done() and time.monotonic() - used_at < UNUSED_SECONDS:
        await asyncio.wait([running], timeout=BEAT_SECONDS)
        await engine.leave_silent(SILENCE_SECONDS)
        if engine.fronts:
            used_at = time.monotonic()
    running.cancel()
    try:
        with suppress(asyncio.CancelledError):
            await running
        await asyncio.sleep(BEAT_SECONDS if engine.fronts else 0)  # they read what is left
    finally:
        _end()


def _end() -> None:
    """End the process. Ray gives the name to another actor then."""
    import ray

    # Other ways of a detached actor to end are errors to Ray, which it writes to each server.
    ray.kill(ray.get_runtime_context().current_actor)
