"""A worker behind calls: an actor of Ray holds a worker process, and carries its bytes.

Ray creates it on some machine of its cluster. The worker is a process of its own, as beside the
server: an engine that ends its process does not end the actor, and what the engine prints stays out
of the frames. Nothing here raises an exception about a session, as Ray would write it down.
"""

import asyncio

from hwaja import __version__
from hwaja.privacy import error_redaction, hardening
from hwaja.process import log_setup
from hwaja.workers.transport.worker_process import WorkerProcess

PIECE_BYTES = 90_000
"""Most bytes in an argument of a call, or in its result. A call carries up to 100 KiB in each of
them. What is larger goes through Ray's object store, which other processes can read, and which may
spill to the disk."""

MAX_PIECES = 64
"""Most arguments of a call. They have 5.8 MB; above 10 MB, Ray would store the rest of them."""

BEAT_SECONDS = 1.0
"""A call for replies returns after this long, with or without a reply: the actor is alive."""


def begin_process() -> None:
    """Harden the process of an actor, and let it log as all others."""
    hardening.harden()
    log_setup.configure("json")
    error_redaction.log_uncaught()


class EngineActor:
    """One worker process. It is written to and read from at the same time."""

    def __init__(self) -> None:
        begin_process()
        self._worker: WorkerProcess  # from `start` on

    async def start(self, module: str) -> str:
        """Start a worker process that runs a module; return the version of hwaja here.

        Raises:
            OSError: the system cannot start a process.

        """
        self._worker = await WorkerProcess.spawn(module)
        return __version__

    async def write(self, *pieces: bytes) -> bool:
        """Send bytes to the worker; return False if it has died. The last call must have ended."""
        try:
            for piece in pieces:
                await self._worker.write(bytearray(piece))
        except OSError:
            return False
        return True

    async def read(self) -> bytes | None:
        """Return what the worker has sent, or nothing after `BEAT_SECONDS`. None: it has died."""
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                return await self._worker.replies.read(PIECE_BYTES) or None
        except TimeoutError:
            return b""
