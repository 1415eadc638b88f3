"""One WebSocket connection to a server: the protocol's messages and audio."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.frames import Close
from websockets.typing import Subprotocol

from hwaja.client.errors import (
    CertificateError,
    ClientError,
    FormError,
    Message,
    RefusedError,
    UnauthorizedError,
)
from hwaja.client.form import follows_protocol
from hwaja.protocol.token_syntax import CHARACTERS, is_token

MAX_UNREAD_BYTES = 4 * 32_000
"""Most audio that the server has not read: 4 s. The answers to the server's pings queue behind it,
and a server that waits too long for an answer treats the client as gone."""

OPENING_SECONDS = 10.0
"""Longest wait for the server's first message."""

PONG_SECONDS = 60
"""Longest wait for a pong. A busy server may not read for some time."""

ROAMING_PONG_SECONDS = 20
"""The same where another server may take over. Of a client that waits until its audio is confirmed,
little lies before a ping."""


class ConnectionLostError(ClientError):
    """The connection ended without a close frame, or a proxy restarts, or no server answers."""


class ServerStoppedError(ClientError):
    """The server stops, and has closed the connection with 1001."""


_STOPS = 1001

LOST_CODES = {None, 1006, 1012, 1014}
"""Close codes of a lost connection: no close frame, or a restarting proxy (RFC 6455's registry)."""


class Connection:
    """One connection, on which a session begins or is resumed."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._unread_bytes = 0

    async def receive(self) -> Message:
        """Return the next message of the server.

        Raises:
            ConnectionLostError: if the connection was lost.
            ClientError: if the server closed the connection, is not a hwaja server, or breaks the
                protocol.

        """
        try:
            message = json.loads(await self._websocket.recv())
        except ConnectionClosed as error:
            raise _ended(error) from error
        except (ValueError, RecursionError):
            message = None
        if not (isinstance(message, dict) and isinstance(message.get("type"), str)):
            raise ClientError("The server is not a hwaja server.")
        if not follows_protocol(message):
            raise FormError
        return message

    async def welcome(self) -> Message:
        """Return the server's first message, `model_loaded`.

        Raises:
            ConnectionLostError: if no message arrives in time, or the connection is lost.
            ClientError: as `expect`.

        """
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                return await self.expect("model_loaded")
        except TimeoutError as error:
            raise ConnectionLostError("The server does not say that it is ready.") from error

    async def expect(self, kind: str) -> Message:
        """Return the next message, which must be of type `kind`.

        Raises:
            RefusedError: if the message has another type, such as `error`.
            ClientError: if the connection ends.

        """
        message = await self.receive()
        if message["type"] != kind:
            raise RefusedError(message)
        return message

    async def send(self, message: Message) -> None:
        """Send a control message."""
        await self._send(json.dumps(message))

    async def send_chunk(self, pcm: bytes) -> None:
        """Send audio."""
        await self._send(pcm)

    async def send_held_back(self, pcm: bytes) -> None:
        """Send audio. Wait for the server after each `MAX_UNREAD_BYTES`."""
        await self._send(pcm)
        self._unread_bytes += len(pcm)
        if self._unread_bytes >= MAX_UNREAD_BYTES:
            await self._be_read()
            self._unread_bytes = 0

    async def send_audio(self, chunks: AsyncIterable[bytes]) -> None:
        """Send PCM16 chunks as they arrive. Wait for the server after each `MAX_UNREAD_BYTES`."""
        async for chunk in chunks:
            await self.send_held_back(chunk)

    async def enrol(self, speaker_id: int, chunks: AsyncIterable[bytes]) -> Message:
        """Enrol a voice. Return the server's confirmation.

        Raises:
            RefusedError: if the server refuses the voice.
            ClientError: if the connection ends.

        """
        await self.send(
            {"type": "start_speaker_registration", "speaker_id": speaker_id, "details": True}
        )
        await self.expect("speaker_registration_started")
        await self.send_audio(chunks)
        await self.send({"type": "complete_speaker_registration", "speaker_id": speaker_id})
        return await self.expect("speaker_registration_completed")

    async def restore(self, speaker_id: int, ticket: str) -> Message:
        """Enrol the voice of a ticket. Return the server's confirmation.

        Raises:
            RefusedError: if the server refuses the ticket.
            ClientError: if the connection ends.

        """
        await self.send({"type": "restore_speaker", "speaker_id": speaker_id, "ticket": ticket})
        return await self.expect("speaker_registration_completed")

    async def name(self, speaker_id: int, name: str) -> Message:
        """Name a speaker. Return the server's confirmation.

        Raises:
            RefusedError: if the server refuses the name.
            ClientError: if the connection ends.

        """
        await self.send({"type": "name_speaker", "speaker_id": speaker_id, "name": name})
        return await self.expect("speaker_named")

    async def how_it_ended(self) -> ClientError:
        """Wait until the connection ends. Return the error that `receive` would raise then."""
        await self._websocket.wait_closed()
        return _error_of(_code_of(self._websocket.protocol.close_rcvd))

    async def close(self) -> None:
        """End the session."""
        try:
            await self._websocket.close()
        except asyncio.CancelledError:  # do not wait for the server's close frame
            self._websocket.transport.abort()
            raise

    async def _be_read(self) -> None:
        """Wait until the server has read all sent audio: it answers a ping after it."""
        try:
            await (await self._websocket.ping())
        except ConnectionClosed as error:
            raise _ended(error) from error

    async def _send(self, message: str | bytes) -> None:
        try:
            await self._websocket.send(message)
        except ConnectionClosed as error:
            raise _ended(error) from error


def _code_of(received: Close | None) -> int | None:
    return None if received is None else received.code


def _ended(error: ConnectionClosed) -> ClientError:
    return _error_of(_code_of(error.rcvd))


def _error_of(code: int | None) -> ClientError:
    kind = ServerStoppedError if code == _STOPS else ClientError
    if code in LOST_CODES:
        kind = ConnectionLostError
    return kind(f"The server closed the connection (code {code or 'none'}).")


def unanswered(url: str, error: Exception) -> ConnectionLostError:
    """Return the error that says that nobody answers at an address."""
    kind = type(error).__name__
    return ConnectionLostError(f"No server answers at {url} ({kind}).")


async def dial(
    url: str,
    tls: ssl.SSLContext,
    token: str | None = None,
    offered: Sequence[str] = (),
    pong_seconds: float = PONG_SECONDS,
) -> Connection:
    """Open a connection. The caller receives the server's first message.

    Args:
        url: wss://, or ws:// to a server without TLS. ws:// ignores `tls`.
        tls: TLS context of the client.
        token: access token; None if the server requires none.
        offered: subprotocols to offer.
        pong_seconds: longest wait for a pong. Without one, the connection is lost.

    Raises:
        ConnectionLostError: if no server answers.
        CertificateError: if the server's certificate is not trusted.
        UnauthorizedError: if the server requires a token, or does not know this one.
        ClientError: if `url` or `token` is malformed.

    """
    if token is not None and not is_token(token):
        raise ClientError(f"A token has {CHARACTERS} and nothing else.")
    try:
        websocket = await connect(
            url,
            ssl=None if url.lower().startswith("ws://") else tls,
            additional_headers={} if token is None else {"Authorization": f"Bearer {token}"},
            subprotocols=[Subprotocol(name) for name in offered] or None,
            compression=None,
            max_size=None,
            ping_timeout=pong_seconds,
        )
    except ssl.SSLCertVerificationError as error:
        sentence = f"The certificate of {url} is not trusted ({error.verify_message})."
        raise CertificateError(sentence) from error
    except (OSError, InvalidHandshake, TimeoutError) as error:
        if (
            isinstance(error, InvalidStatus)
            and error.response.status_code == HTTPStatus.UNAUTHORIZED
        ):
            wanted = "wants a token" if token is None else "does not know this token"
            raise UnauthorizedError(f"The server at {url} {wanted}.") from error
        raise unanswered(url, error) from error
    except (InvalidURI, ValueError) as error:
        raise ClientError(
            f"{url!r} is no address of a server, which begins with wss:// or ws://."
        ) from error
    return Connection(websocket)


@asynccontextmanager
async def open_connection(
    url: str, tls: ssl.SSLContext, token: str | None = None
) -> AsyncIterator[Connection]:
    """Connect, and wait until the server is ready. For the arguments see `dial`.

    Raises:
        ClientError: as `dial`, or if the server is full.

    """
    connection = await dial(url, tls, token)
    try:
        await connection.welcome()
        yield connection
    finally:
        await connection.close()
