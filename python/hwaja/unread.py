"""Cuts a client that asks for answers and does not read them."""

from websockets.asyncio.server import ServerConnection

MAX_UNREAD_BYTES = 1 << 20
"""What may wait for a client. Answers of a session wait in its outbox, one at a time in the socket;
only pongs get here unasked, of at most 127 bytes: 1 MiB are more than 8,000 of them."""


class ReadConnection(ServerConnection):
    """A connection whose client reads.

    The library answers every ping at once, whether or not the client takes the answers, and what
    nobody takes stays in memory.
    """

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; cut the connection where it leaves too much unread."""
        super().data_received(data)
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self.transport.abort()
