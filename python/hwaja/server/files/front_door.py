"""Tells uploads from WebSockets by the first bytes of a connection, on one port.

The WebSocket library reads no request body. So a connection that begins with the request line of
an upload goes to a stream with another handler, and every other one to the library.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from websockets.asyncio.server import ServerConnection

UPLOAD_PATH = "/v1/transcripts"

_UPLOAD = f"POST {UPLOAD_PATH}".encode()

STREAM_BYTES = 32 * 1024
"""The stream stops reading the socket when it holds twice as much."""

ServeUpload = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FrontDoor(asyncio.Protocol):
    """The protocol of a new connection until its first bytes are known."""

    def __init__(
        self, websocket: ServerConnection, serve_upload: ServeUpload, seconds: float
    ) -> None:
        """Prepare.

        Args:
            websocket: gets the connection if it is no upload.
            serve_upload: serves an upload; called in a task of its own.
            seconds: a connection that sends nothing for so long is cut.

        """
        self.protocol = websocket.protocol
        """The library asks for it when it chooses a subprotocol."""
        self._websocket: ServerConnection | None = websocket
        self._serve_upload = serve_upload
        self._seconds = seconds
        self._first = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first bytes, after the TLS handshake."""
        self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Pass the connection on once its first bytes tell what it is."""
        self._first += data
        begin = self._first[: len(_UPLOAD) + 1]
        if begin[:-1] == _UPLOAD and begin[-1:] in (b" ", b"?"):
            self._pass_on(self._stream())
        elif not _UPLOAD.startswith(begin) and self._websocket is not None:
            self._pass_on(self._websocket)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection that ended before it said what it is."""
        self._stop_waiting()

    def _stream(self) -> asyncio.Protocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(STREAM_BYTES), self._serve_upload)

    def _pass_on(self, protocol: asyncio.Protocol) -> None:
        transport, first = self._transport, self._first
        self._stop_waiting()
        if transport is not None:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            protocol.data_received(first)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # The transport keeps its first protocol's memory no longer than needed.
        self._websocket = self._transport = self._timer = None
        self._first = b""
