"""Listening sockets with a limit on connections that have no session yet."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hwaja.server.openings import Openings

MAX_WAITING_CONNECTIONS = 100
"""Backlog: connections that the kernel queues until the server accepts them."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class OpeningLimiter:
    """Counts accepted connections of all listening sockets until they have a session."""

    def __init__(self, max_openings: int, on_cut: Callable[[], None]) -> None:
        """Begin without a listening socket.

        Args:
            max_openings: limit on connections without a session.
            on_cut: called for each connection that is cut or refused because of the limit.

        """
        self._openings = Openings(max_openings)
        self._on_cut = on_cut
        self._sockets: dict[int, socket.socket] = {}

    @property
    def openings(self) -> int:
        """The number of connections without a session."""
        return len(self._openings)

    async def listen(self, host: str, port: int) -> list[socket.socket]:
        """Return one bound socket for each address of a host.

        Raises:
            OSError: where an address cannot be bound.

        """
        loop = asyncio.get_running_loop()
        bound = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        try:
            return [_ListeningSocket(self, each.dup()) for each in bound.sockets]
        finally:
            bound.close()

    def take(self, accepted: socket.socket, address: str) -> socket.socket:
        """Count an accepted connection; return a socket that reports its own close.

        Raises:
            ConnectionAbortedError: where the limit is reached; `accepted` is closed.

        """
        file = accepted.fileno()
        surplus = self._openings.begin(file, address)
        if surplus is not None:
            self._on_cut()
        if surplus == file:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            accepted.close()
            raise ConnectionAbortedError
        if surplus is not None:
            self._cut(surplus)
        taken = self._sockets[file] = _CountedSocket(self, accepted)
        return taken

    def stop_counting(self, transport: asyncio.BaseTransport) -> None:
        """Stop counting a connection that has a session now."""
        taken = transport.get_extra_info("socket")
        if taken is not None:  # None: it was lost meanwhile, and is not counted
            self.leave(taken.fileno())

    def leave(self, file: int) -> None:
        """Stop counting a connection."""
        self._openings.end(file)
        self._sockets.pop(file, None)

    def _cut(self, file: int) -> None:
        with suppress(OSError):  # the client has just closed it
            # The transport reads the end of the stream and closes the socket.
            self._sockets.pop(file).shutdown(socket.SHUT_RDWR)


class _ListeningSocket(socket.socket):
    """A listening socket. The event loop takes a ConnectionAbortedError for an empty queue."""

    def __init__(self, limiter: OpeningLimiter, bound: socket.socket) -> None:
        super().__init__(bound.family, bound.type, bound.proto, bound.detach())
        self._opening_limiter = limiter

    def listen(self, _at_once: int = 0, /) -> None:
        """Listen with the backlog of this module.

        The event loop's argument is the number of connections that it accepts in one turn.
        """
        super().listen(MAX_WAITING_CONNECTIONS)

    def accept(self) -> tuple[socket.socket, Any]:
        accepted, address = super().accept()
        return self._opening_limiter.take(accepted, address[0]), address


class _CountedSocket(socket.socket):
    """An accepted socket that reports its close to its `OpeningLimiter` in any phase."""

    def __init__(self, limiter: OpeningLimiter, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._opening_limiter = limiter

    def close(self) -> None:
        self._opening_limiter.leave(self.fileno())
        super().close()
