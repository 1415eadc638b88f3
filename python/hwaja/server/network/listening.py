"""Listening sockets with a limit on connections that have no session yet.

A connection of a trusted proxy begins with a header that names the client. The socket reads it
before TLS begins, and the connection counts for the client.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import structlog

from hwaja.server.network.networks import Networks, is_within
from hwaja.server.network.openings import Openings
from hwaja.server.network.proxy_protocol import InvalidHeaderError, ProxyHeader

MAX_WAITING_CONNECTIONS = 100
"""Backlog: connections that the kernel queues until the server accepts them."""

CHECK_PERIOD_SECONDS = 1.0
"""Time between two checks that the sockets still listen."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_log = structlog.get_logger("hwaja.server.network.listening")


async def keep_listening(sockets: Iterable[socket.socket]) -> None:
    """Restart sockets that no longer listen: an administrator can end one with `ss -K`."""
    while True:
        await asyncio.sleep(CHECK_PERIOD_SECONDS)
        for each in sockets:
            is_closed = each.fileno() < 0  # the server is stopping
            if not is_closed and not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                _log.error("the socket listens no more, having it listen again")
                each.listen()


class OpeningLimiter:
    """Counts accepted connections of all listening sockets until they have a session."""

    def __init__(
        self, max_openings: int, on_cut: Callable[[], None], proxies: Networks = ()
    ) -> None:
        """Begin without a listening socket.

        Args:
            max_openings: limit on connections without a session.
            on_cut: called for each connection that is cut or refused because of the limit.
            proxies: networks of the proxies, whose connections begin with a PROXY protocol header.

        """
        self._openings = Openings(max_openings)
        self._on_cut = on_cut
        self._proxies = proxies
        self._sockets: dict[int, _CountedSocket] = {}

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
        try:
            self.count(file, address)
        except ConnectionAbortedError:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            accepted.close()
            raise
        is_of_proxy = is_within(address, self._proxies)
        taken = self._sockets[file] = _CountedSocket(self, accepted, address, is_of_proxy)
        return taken

    def count(self, file: int, address: str) -> None:
        """Count a connection, by its file descriptor, for an address instead of an earlier one.

        Raises:
            ConnectionAbortedError: where the limit is reached; the connection is not counted.

        """
        surplus = self._openings.begin(file, address)
        if surplus is not None:
            self._on_cut()
        if surplus == file:
            raise ConnectionAbortedError
        if surplus is not None:
            self._cut(surplus)

    def address_of(self, transport: asyncio.BaseTransport) -> str:
        """Return the client's address of a connection that is counted; empty: it was lost."""
        taken = transport.get_extra_info("socket")
        counted = None if taken is None else self._sockets.get(taken.fileno())
        return "" if counted is None else counted.address

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
    """An accepted socket that reports its close to its `OpeningLimiter` in any phase.

    The event loop reads with `recv` or `recv_into`. Both take the header of a proxy first.
    """

    def __init__(
        self, limiter: OpeningLimiter, accepted: socket.socket, address: str, is_of_proxy: bool
    ) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._opening_limiter = limiter
        self.address = address
        """The IP address of the client, or of the proxy as long as that is all that is known."""
        self._header = ProxyHeader() if is_of_proxy else None

    def recv(self, most: int, flags: int = 0, /) -> bytes:
        self._take_header()
        return super().recv(most, flags)

    def recv_into(self, buffer: Any, most: int = 0, flags: int = 0) -> int:
        self._take_header()
        return super().recv_into(buffer, most, flags)

    def _take_header(self) -> None:
        """Read the header of the proxy, as far as it has arrived.

        Raises:
            BlockingIOError: where it has not arrived as a whole.
            ConnectionAbortedError: where there is none, or the client has too many connections.

        """
        header = self._header
        if header is None:
            return
        try:
            while header.missing_bytes:
                piece = super().recv(header.missing_bytes)
                if not piece:
                    raise ConnectionAbortedError
                header.take(piece)
            address = header.client_address
        except InvalidHeaderError:
            raise ConnectionAbortedError from None
        self._header = None
        if address is not None:
            self.address = address
            self._opening_limiter.count(self.fileno(), address)

    def close(self) -> None:
        self._opening_limiter.leave(self.fileno())
        super().close()
