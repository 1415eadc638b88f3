"""A network between client and server that fails when a test wants it to."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Relay:
    """Carries bytes to a server; each connection is cut after so many, as long as there are any."""

    port: int
    """Of the server."""
    lengths: Iterator[int]
    """How many bytes each connection carries to the server; the last one carries all."""
    connections: int = 0
    url: str = ""
    _carrying: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        left = next(self.lengths, None)
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        answers = asyncio.create_task(_carry(there, writer))
        self._carrying.add(answers)
        answers.add_done_callback(self._carrying.discard)
        try:
            await _carry(reader, back, left)
        finally:
            answers.cancel()
            for end in (writer, back):
                end.transport.abort()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None = None
) -> None:
    while left is None or left > 0:
        try:
            piece = await reader.read(4096)
            writer.write(piece)
            await writer.drain()
        except ConnectionError:
            return
        if not piece:
            writer.close()
            return
        left = None if left is None else left - len(piece)


@asynccontextmanager
async def relaying(port: int, lengths: Iterator[int]) -> AsyncIterator[Relay]:
    """Carry to a server at this port until the block ends."""
    relay = Relay(port, lengths)
    async with await asyncio.start_server(relay.take, "127.0.0.1", 0) as listener:
        relay.url = f"wss://localhost:{listener.sockets[0].getsockname()[1]}"
        yield relay
