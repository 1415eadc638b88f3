"""Cuts a client that floods the socket with frames, or asks for answers and does not read them.

The library deals with control frames and fragments as they come in, before anything that limits
messages sees them.
"""

import asyncio
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request, Response
from websockets.protocol import State

from hwaja.privacy.cycle_collection import CycleCollector
from hwaja.protocol.codes import CloseCode
from hwaja.server.token_bucket import TokenBucket

MAX_UNREAD_BYTES = 1 << 20
"""What may wait for a client. Answers of a session wait in its outbox, one at a time in the socket;
only pongs get here unasked, of at most 127 bytes: 1 MiB are more than 8,000 of them."""

FRAMES_PER_SECOND = 200
"""Control frames and fragments, which are no messages; as many as of those by default."""

BURST_FRAMES = 1000
"""How many may come at once. Each costs some 5 us of the event loop: together about as much as the
handshake of another connection."""

PIECE_BYTES = 16 * 1024
"""What is taken of a client at a time: not many more than 2,000 frames."""

MAX_REQUEST_BYTES = 16 * 1024
"""What a request may have, with its header: those of browsers are of 1 to 3 KB, with cookies."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


class GuardedConnection(ServerConnection):
    """A connection that one client cannot make the others wait with."""

    def __init__(self, *arguments: Any, collector: CycleCollector, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._collector = collector
        collector.sweep_until_gone(self)  # nobody tells it that its TLS handshake failed
        self._request_bytes = 0
        self._frames = TokenBucket(FRAMES_PER_SECOND, BURST_FRAMES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, after the TLS handshake."""
        self._collector.leave_alone(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, whether a session came of it or not."""
        super().connection_lost(exc)
        self._collector.sweep_until_gone(self)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; cut the connection where it leaves too much unread."""
        for offset in range(0, len(data), PIECE_BYTES):
            piece = data[offset : offset + PIECE_BYTES]
            if self.request is None and self._is_too_much_of_a_request(piece):
                if not self.transport.is_closing():  # TLS still brings what came before it closed
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

    def process_event(self, event: Request | Response | Frame) -> None:
        """Take a request or a frame; close the connection where there are too many frames."""
        is_message = isinstance(event, Frame) and event.fin and event.opcode in DATA_OPCODES
        if isinstance(event, Frame) and not is_message:
            is_too_much = self._frames.take(1, self.loop.time()) > 0
            if is_too_much and self.protocol.state is State.OPEN:
                self.protocol.fail(CloseCode.POLICY_VIOLATION)
                self.send_data()
        super().process_event(event)
