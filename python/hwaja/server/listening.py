"""The listening sockets, which take no more connections than may be there without a session."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hwaja.server.openings import Openings

MAX_WAITING_CONNECTIONS = 100
"""What the system keeps until they are accepted."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Entrance:
    """Where connections come in, over whichever socket."""

    def __init__(self, max_openings: int, when_cut: Callable[[], None]) -> None:
        """Let nobody in yet.

        Args:
            max_openings: connections without a session, at most.
            when_cut: is called for each that is cut, or not let in, because there are too many.

        """
        self._openings = Openings(max_openings)
        self._when_cut = when_cut
        self._sockets: dict[int, socket.socket] = {}

    @property
    def openings(self) -> int:
        """How many connections have no session yet."""
        return len(self._openings)

    async def listen(self, host: str, port: int) -> list[socket.socket]:
        """Return sockets for every address of a host, to be served.

        Raises:
            OSError: where an address cannot be bound.

        """
        loop = asyncio.get_running_loop()
        bound = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        try:
            return [_Listening(self, each.dup()) for each in bound.sockets]
        finally:
            bound.close()

    def take(self, accepted: socket.socket, address: str) -> socket.socket:
        """Return the socket of a connection that was accepted, once more.

        Raises:
            ConnectionAbortedError: where there are too many, and it was closed.

        """
        file = accepted.fileno()
        surplus = self._openings.begin(file, address)
        if surplus is not None:
            self._when_cut()
        if surplus == file:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            accepted.close()
            raise ConnectionAbortedError
        if surplus is not None:
            self._cut(surplus)
        taken = self._sockets[file] = _Taken(self, accepted)
        return taken

    def let_through(self, transport: asyncio.BaseTransport) -> None:
        """Count a connection no more, as it has a session."""
        taken = transport.get_extra_info("socket")
        if taken is not None:  # else it was lost meanwhile, and has left
            self.leave(taken.fileno())

    def leave(self, file: int) -> None:
        """Count a connection no more."""
        self._openings.end(file)
        self._sockets.pop(file, None)

    def _cut(self, file: int) -> None:
        with suppress(OSError):  # the client has just gone by itself
            self._sockets.pop(file).shutdown(socket.SHUT_RDWR)  # whoever reads it closes it


class _Listening(socket.socket):
    """Its `accept` is called by the event loop, which takes the error for nobody being there."""

    def __init__(self, entrance: Entrance, bound: socket.socket) -> None:
        super().__init__(bound.family, bound.type, bound.proto, bound.detach())
        self._entrance = entrance

    def listen(self, _at_once: int = 0, /) -> None:
        """Listen; the event loop names how many it accepts in one turn, not how many may wait."""
        super().listen(MAX_WAITING_CONNECTIONS)

    def accept(self) -> tuple[socket.socket, Any]:
        accepted, address = super().accept()
        return self._entrance.take(accepted, address[0]), address


class _Taken(socket.socket):
    """A connection whose end is noticed whatever it had come to."""

    def __init__(self, entrance: Entrance, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._entrance = entrance

    def close(self) -> None:
        self._entrance.leave(self.fileno())
        super().close()
