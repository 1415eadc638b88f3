"""A client that writes its own bytes on top of TLS: what a well-behaved library would refuse to."""

import asyncio
import base64
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = base64.b64encode(bytes(16))
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + b"\r\n\r\n"
)
PATIENCE_SECONDS = 30
"""Timeout for the server's data; after it the test fails."""


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    claims: int | None = None,
) -> bytes:
    """Write one frame.

    Args:
        opcode: 4 bits, any.
        payload: what it carries.
        fin: whether the message ends with it.
        reserved: the three reserved bits.
        masked: whether it is masked, as all frames of a client must be; the key is zero.
        claims: the length in its header, of 64 bits; None: the true one, as short as it goes.

    """
    first, mask_bit = fin << 7 | reserved << 4 | opcode, masked << 7
    if claims is not None:
        head = struct.pack("!BBQ", first, mask_bit | 127, claims)
    elif len(payload) < 126:
        head = struct.pack("!BB", first, mask_bit | len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", first, mask_bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, len(payload))
    return head + bytes(4 * masked) + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def client_hello(trust: ssl.SSLContext) -> bytes:
    """What a TLS client says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = trust.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    return outgoing.read()


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, content: bytes) -> None:
        """Send bytes; a server that has closed meanwhile is no error."""
        if self.is_cut:
            return
        with suppress(ConnectionError, ssl.SSLError):
            self._writer.write(content)
            await self._writer.drain()

    async def upgrade(self, request: bytes = UPGRADE) -> bytes:
        """Open the WebSocket; return the status line and headers of the answer."""
        await self.send(request)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def read_to_end(self) -> bytes:
        """Return all that still comes until the server closes."""
        answer = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionError, ssl.SSLError):
                while content := await self._reader.read(1 << 16):
                    answer += content
        return answer

    async def trickle(self, content: bytes, pause_seconds: float = 0.01) -> bytes:
        """Send byte by byte until the server closes; return what it answered."""
        answer = b""
        for byte in content:
            await self.send(bytes([byte]))
            with suppress(TimeoutError, ConnectionError, ssl.SSLError):
                async with asyncio.timeout(pause_seconds):
                    answer += await self._reader.read(1 << 16)
            if self._reader.at_eof() or self._reader.exception() is not None:
                break
        return answer

    async def read_frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame.

        Raises:
            EOFError: where the server has closed without one.

        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                first, length = await self._reader.readexactly(2)
                if length == 126:
                    (length,) = struct.unpack("!H", await self._reader.readexactly(2))
                elif length == 127:
                    (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
                return first & 15, await self._reader.readexactly(length)
            except (ConnectionError, ssl.SSLError) as error:
                raise EOFError from error

    async def close_code(self) -> int | None:
        """Return the code of the server's close frame; None where it closes without a frame."""
        try:
            while True:
                opcode, payload = await self.read_frame()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2], "big") if payload else 1005
        except EOFError:
            return None

    @property
    def is_cut(self) -> bool:
        """Whether the server is known to have cut the connection."""
        return self._writer.transport.is_closing()

    def stop_reading(self) -> None:
        """Take nothing of what the server sends from now on."""
        self._writer.transport.pause_reading()

    def reset(self) -> None:
        """Cut the connection as a crashed machine's system does: with a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


@asynccontextmanager
async def dialled(port: int, tls: ssl.SSLContext | None) -> AsyncIterator[RawClient]:
    """Connect to a port of this machine, with TLS or without; cut in the end."""
    reader, writer = await asyncio.open_connection("localhost", port, ssl=tls)
    client = RawClient(reader, writer)
    try:
        yield client
    finally:
        writer.transport.abort()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def upgraded(port: int, tls: ssl.SSLContext) -> AsyncIterator[RawClient]:
    """Connect and open the WebSocket; its first message is not read yet."""
    async with dialled(port, tls) as client:
        answer = await client.upgrade()
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        yield client
