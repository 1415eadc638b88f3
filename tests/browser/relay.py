"""A way to the server that can be cut, as when a server is killed or a network fails."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Relay:
    """Carries bytes between a port of its own and that of a server."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        """Where new connections lead."""
        self.port = 0
        self._listener: asyncio.Server | None = None
        self._writers: set[StreamWriter] = set()
        self._carriers: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Let connections through, on the same port as before."""
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Abort every connection, without a word, and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._carriers)
        self._listener = None

    async def _carry(self, near: StreamReader, near_writer: StreamWriter) -> None:
        carrier = asyncio.current_task()
        assert carrier is not None
        self._carriers.add(carrier)
        self._writers.add(near_writer)
        far, far_writer = await asyncio.open_connection("localhost", self.target_port)
        self._writers.add(far_writer)
        await asyncio.gather(_pour(near, far_writer), _pour(far, near_writer))
        self._writers -= {near_writer, far_writer}
        self._carriers.discard(carrier)


async def _pour(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def relaying(target_port: int) -> AsyncIterator[Relay]:
    """Relay until the block ends."""
    relay = Relay(target_port)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
