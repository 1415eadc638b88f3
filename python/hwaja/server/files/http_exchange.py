"""One HTTP request with a body on a connection, and its response; h11 reads and writes HTTP.

The body is read from the socket only as fast as it is taken. The connection closes after the
response.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus

import h11
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader

from hwaja.server.files.problems import FileError, Problem
from hwaja.server.network.guard import MAX_REQUEST_BYTES

STALL_SECONDS = 30.0
"""Longest time in which the client neither sends nor reads anything."""

LINGER_SECONDS = 2.0
"""After an early response, the rest of the upload is read for so long. A connection that closes
with unread bytes is reset, and the client might lose the response."""

_BLOCK_BYTES = 32 * 1024

_USUAL_HEADERS = (
    ("Connection", "close"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)


class GoneError(Exception):
    """The client is gone, or does not read its response."""


class Exchange:
    """A request and its response."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_REQUEST_BYTES)
        self.has_begun = False
        """Whether the response has begun."""
        self._body_over = asyncio.Event()  # the whole body was read, or the client is gone
        self._is_gone = False

    @property
    def transport(self) -> asyncio.WriteTransport:
        """The connection's transport."""
        return self._writer.transport

    async def head(self) -> tuple[str, Headers]:
        """Return the target and the headers of the request.

        Raises:
            FileError: where it is no request of HTTP/1.1.
            GoneError: where the client is gone.

        """
        request = await self._next()
        if not isinstance(request, h11.Request):
            raise GoneError
        lines = ((name.decode(), value.decode("latin-1")) for name, value in request.headers)
        try:
            headers = Headers(lines)
        except InvalidHeader:
            raise FileError.of(Problem.BAD_REQUEST) from None
        return request.target.decode(), headers

    async def body(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes.

        Raises:
            FileError: where the body stalls, or breaks HTTP.
            GoneError: where the client is gone before the end.

        """
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)
        if not isinstance(event, h11.EndOfMessage):
            raise self._lost()
        self._body_over.set()

    async def gone(self) -> None:
        """Wait until the client is gone, before or after the end of its body."""
        await self._body_over.wait()
        with suppress(ConnectionError):
            while not self._is_gone and await self._reader.read(_BLOCK_BYTES):
                pass

    def _lost(self) -> GoneError:
        self._is_gone = True
        self._body_over.set()
        return GoneError()

    async def _next(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._received())
        except h11.RemoteProtocolError as error:
            if self._reader.at_eof():
                raise self._lost() from None
            problem = (
                Problem.HEADERS_TOO_LARGE if error.error_status_hint == 431 else Problem.BAD_REQUEST
            )
            raise FileError.of(problem) from None
        return event

    async def _received(self) -> bytes:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                return await self._reader.read(_BLOCK_BYTES)
        except TimeoutError:
            raise FileError.of(Problem.UPLOAD_STALLED) from None
        except ConnectionError as error:
            raise self._lost() from error

    async def begin(
        self, status: HTTPStatus, content_type: str, headers: Mapping[str, str] = {}
    ) -> None:
        """Begin the response."""
        self.has_begun = True
        fields = {"Date": formatdate(usegmt=True), "Content-Type": content_type, **headers}
        await self._send(
            h11.Response(
                status_code=status.value,
                reason=status.phrase.encode(),
                headers=[*_USUAL_HEADERS, *fields.items()],
            )
        )

    async def write(self, content: bytes) -> None:
        """Send a part of the response's body.

        Raises:
            GoneError: where the client is gone, or does not read.

        """
        await self._send(h11.Data(data=content))

    async def end(self) -> None:
        """End the response."""
        await self._send(h11.EndOfMessage())

    async def answer(
        self,
        status: HTTPStatus,
        content_type: str,
        content: bytes,
        headers: Mapping[str, str] = {},
    ) -> None:
        """Send a whole response."""
        length = {"Content-Length": str(len(content))}
        await self.begin(status, content_type, {**length, **headers})
        await self.write(content)
        await self.end()

    async def _send(self, event: h11.Event) -> None:
        content = self._http.send(event)
        try:
            async with asyncio.timeout(STALL_SECONDS):
                self._writer.write(content or b"")
                await self._writer.drain()
        except (TimeoutError, ConnectionError) as error:
            raise GoneError from error

    async def close(self) -> None:
        """Close the connection, and first read what the client still sends, for a moment."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._body_over.is_set() and await self._reader.read(_BLOCK_BYTES):
                    pass
        with suppress(TimeoutError, ConnectionError, ssl.SSLError):
            async with asyncio.timeout(LINGER_SECONDS):
                self._writer.close()
                await self._writer.wait_closed()

    def abort(self) -> None:
        """Cut the connection, unless it is closed."""
        self._writer.transport.abort()
