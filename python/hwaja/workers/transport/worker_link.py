"""The link between the server process and one worker: `wire` frames, over any transport.

A worker is a process of this machine (`worker_process`), or an actor of Ray (`ray_engines`). The
pool and the supervisor do not know which.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from hwaja.workers.transport import frames, wire


class WorkerTransport(Protocol):
    """Carries bytes to a running worker and back, in order."""

    @property
    def replies(self) -> asyncio.StreamReader:
        """What the worker sends. It ends when the worker dies."""

    @property
    def process(self) -> asyncio.subprocess.Process | None:
        """The worker's process. None: it may run on another machine."""

    async def write(self, frame: bytearray) -> None:
        """Send a frame. Return once nothing refers to it, and the worker has room for the next.

        Calls may overlap in time; their frames do not interleave.

        Raises:
            OSError: the worker has died.

        """

    def kill(self) -> None:
        """Kill the worker, if it still runs. Return at once."""

    async def end(self) -> None:
        """Kill the worker, and wait until nothing of it is left. Called once."""


Spawn = Callable[[str], Awaitable[WorkerTransport]]
"""Starts a worker that runs a module, which loads no model before its first request.

It raises OSError or EngineError where no worker can be started.
"""


SpawnFor = Callable[[wire.Setup], Spawn]
"""Returns what starts the workers that load these models."""


class WorkerLink:
    """A running worker. Requests and replies may overlap in time."""

    def __init__(self, transport: WorkerTransport) -> None:
        self._transport = transport
        self.kill = transport.kill
        self.end = transport.end

    async def send(self, request: wire.Request) -> None:
        """Send a request, then overwrite its audio. Waits while the worker has no room.

        Raises:
            OSError: the worker has died.

        """
        frame = frames.encode(request)
        frames.erase_audio(request)
        try:
            await self._transport.write(frame)
        finally:
            frames.erase(frame)

    async def receive(self) -> wire.Reply:
        """Return the next reply.

        Raises:
            EOFError, OSError: the worker has died.
            frames.WireError: the worker sent something other than a reply.

        """
        replies = self._transport.replies
        header = await replies.readexactly(frames.HEADER_BYTES)
        return frames.decode_reply(await replies.readexactly(frames.body_bytes(header)))
