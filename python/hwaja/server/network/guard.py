"""Cuts a client that floods the socket with frames, or does not read the answers to its frames.

The WebSocket library handles control frames and fragments as they arrive. They never reach the
limits on messages, so they need limits here.
"""

import asyncio
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidMessage
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request, Response
from websockets.protocol import State

from hwaja.privacy.cycle_collection import CycleCollector
from hwaja.protocol.codes import CloseCode
from hwaja.server.access.token_bucket import TokenBucket

MAX_UNREAD_BYTES = 1 << 20
"""Bytes that the write buffer may hold for a client that does not read.

A session's messages wait in its outbox and enter the socket one at a time. Only pongs bypass the
outbox. A pong has at most 127 bytes, so 1 MiB holds more than 8,000 of them.
"""

FRAMES_PER_SECOND = 200
"""Limit for control frames and fragments; equal to the default limit for messages."""

BURST_FRAMES = 1000
"""Frames that may arrive at once.

Each costs some 5 us of the event loop: together about as much as the handshake of a connection.
"""

PIECE_BYTES = 16 * 1024
"""Bytes of a client that are parsed in one step: not many more than 2,000 frames."""

MAX_REQUEST_BYTES = 16 * 1024
"""Limit for a request with its headers. Requests of browsers have 1 to 3 KB, with cookies."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)

_UNREADABLE = b"This is no request of HTTP/1, or has a body that nothing reads here.\n"
_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
    % (len(_UNREADABLE), _UNREADABLE)
)


class GuardedConnection(ServerConnection):
    """A WebSocket connection that closes when its client would delay other clients."""

    def __init__(self, *arguments: Any, collector: CycleCollector, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._collector = collector
        collector.sweep_until_freed(self)  # a failed TLS handshake calls no method of this class
        self._request_bytes = 0
        self._is_refused = False
        self._frames = TokenBucket(FRAMES_PER_SECOND, BURST_FRAMES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the connection after the TLS handshake."""
        self._collector.cancel_sweeps(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection, with or without a session."""
        super().connection_lost(exc)
        self._collector.sweep_until_freed(self)

    def data_received(self, data: bytes) -> None:
        """Parse bytes of the client; abort where more than `MAX_UNREAD_BYTES` wait for it."""
        for offset in range(0, len(data), PIECE_BYTES):
            if self._is_refused:
                return  # what follows is the body
            piece = data[offset : offset + PIECE_BYTES]
            if self.request is None and self._is_too_much_of_a_request(piece):
                if not self.transport.is_closing():  # TLS delivers bytes after the close
                    self.transport.write(_TOO_LARGE)
                    self.transport.close()
                return
            super().data_received(piece)
            if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
                self.transport.abort()
            if self.transport.is_closing():
                return

    def _is_too_much_of_a_request(self, piece: bytes) -> bool:
        self._request_bytes += len(piece)
        return self._request_bytes > MAX_REQUEST_BYTES

    def send_data(self) -> None:
        """Send what is due; the library ends a connection without an answer to such a request."""
        is_unreadable = isinstance(self.protocol.handshake_exc, InvalidMessage)
        if is_unreadable and not (self._is_refused or self.transport.is_closing()):
            self._is_refused = True
            self.transport.write(_BAD_REQUEST)
        super().send_data()

    def process_event(self, event: Request | Response | Frame) -> None:
        """Handle a request or a frame; close the connection where frames exceed their limit."""
        is_message = isinstance(event, Frame) and event.fin and event.opcode in DATA_OPCODES
        if isinstance(event, Frame) and not is_message:
            is_too_much = self._frames.take(1, self.loop.time()) > 0
            if is_too_much and self.protocol.state is State.OPEN:
                self.protocol.fail(CloseCode.POLICY_VIOLATION)
                self.send_data()
        super().process_event(event)
