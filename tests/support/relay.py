"""A way to the server that fails when a test wants it to, as when a network or a server does."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class Relay:
    """Carries bytes between a port of its own and that of a server."""

    def __init__(
        self, target_port: int, lengths: Iterable[int] = (), later_port: int | None = None
    ) -> None:
        """Prepare.

        Args:
            target_port: of the server.
            lengths: how many bytes each connection carries to the server before it is cut; those
                that come after carry all.
            later_port: of the server that those reach; None: of the same one.

        """
        self._target_port = target_port
        self._later_port = target_port if later_port is None else later_port
        self.port = 0
        self.connections = 0
        """How many there have been."""
        self._lengths = iter(lengths)
        self._listener: asyncio.Server | None = None
        self._writers: set[StreamWriter] = set()
        self._carriers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"wss://localhost:{self.port}"

    async def mend(self) -> None:
        """Let connections through, on the same port as before."""
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Abort every connection without a close frame, and refuse new ones."""
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
        self.connections += 1
        length = next(self._lengths, None)
        port = self._later_port if length is None else self._target_port
        far, far_writer = await asyncio.open_connection("localhost", port)
        ends = {near_writer, far_writer}
        self._writers |= ends
        await asyncio.gather(
            _pour(near, far_writer, length, ends), _pour(far, near_writer, None, ends)
        )
        self._writers -= ends
        self._carriers.discard(carrier)


async def _pour(
    reader: StreamReader, writer: StreamWriter, length: int | None, ends: set[StreamWriter]
) -> None:
    """Carry one way until the end, or until so many bytes have passed: then both ends are cut."""
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
            length = None if length is None else length - len(data)
            if length is not None and length <= 0:
                for end in ends:
                    end.transport.abort()
                return
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def relaying(
    target_port: int, lengths: Iterable[int] = (), later_port: int | None = None
) -> AsyncIterator[Relay]:
    """Relay until the block ends; see `Relay`."""
    relay = Relay(target_port, lengths, later_port)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
