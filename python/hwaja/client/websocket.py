"""One connection to a server: messages and audio, as the protocol has them."""

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
    Message,
    RefusedError,
    UnauthorizedError,
)
from hwaja.protocol.token_syntax import CHARACTERS, is_token

MAX_UNREAD_BYTES = 4 * 32_000
"""Audio that may lie between client and server: 4 s. The answers to the server's pings wait behind
it, and a server that waits too long for one takes the client for gone."""

OPENING_SECONDS = 10.0
"""How long a server may take to say its first word."""

PONG_SECONDS = 60
"""How long a server may take to answer a ping: one that is held up does not read."""


class ConnectionLostError(ClientError):
    """The connection has ended without the server having said so, or for a moment only."""


LOST_CODES = {None, 1006, 1012, 1014}
"""No close frame, and what a proxy that restarts says (RFC 6455's registry)."""


class Connection:
    """One connection, on which a session begins, or goes on."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._unread_bytes = 0

    async def receive(self) -> Message:
        """Return the next message of the server.

        Raises:
            ConnectionLostError: where the connection was lost.
            ClientError: where the server closed it, or the other end speaks another protocol.

        """
        try:
            message = json.loads(await self._websocket.recv())
        except ConnectionClosed as error:
            raise _ended(error) from error
        except ValueError:
            message = None
        if not isinstance(message, dict) or "type" not in message:
            raise ClientError("The server is not a hwaja server.")
        return message

    async def welcome(self) -> Message:
        """Return the server's first message, `model_loaded`.

        Raises:
            ConnectionLostError: where it does not come, or the connection is lost.
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
            RefusedError: where the server answers an error or something else.
            ClientError: where the connection ends.

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
        """Send audio, but not far ahead of what the server has read."""
        await self._send(pcm)
        self._unread_bytes += len(pcm)
        if self._unread_bytes >= MAX_UNREAD_BYTES:
            await self._be_read()
            self._unread_bytes = 0

    async def send_audio(self, chunks: AsyncIterable[bytes]) -> None:
        """Send chunks of PCM16 as they come, but not far ahead of what the server has read."""
        async for chunk in chunks:
            await self.send_held_back(chunk)

    async def enrol(self, speaker_id: int, chunks: AsyncIterable[bytes]) -> Message:
        """Enrol a voice; returns the server's confirmation.

        Raises:
            RefusedError: where the server did not accept the voice.
            ClientError: where the connection ends.

        """
        await self.send(
            {"type": "start_speaker_registration", "speaker_id": speaker_id, "details": True}
        )
        await self.expect("speaker_registration_started")
        await self.send_audio(chunks)
        await self.send({"type": "complete_speaker_registration", "speaker_id": speaker_id})
        return await self.expect("speaker_registration_completed")

    async def transcriptions(self) -> AsyncIterator[Message]:
        """Yield what the server says until it has answered `stop_transcription`.

        Raises:
            ClientError: where the connection ends before.

        """
        while (message := await self.receive())["type"] != "transcription_stopped":
            yield message

    async def is_lost(self) -> bool:
        """Wait until it has ended; return whether it was lost, not closed."""
        await self._websocket.wait_closed()
        return _code_of(self._websocket.protocol.close_rcvd) in LOST_CODES

    async def close(self) -> None:
        """End the session."""
        try:
            await self._websocket.close()
        except asyncio.CancelledError:  # nobody waits for the other end
            self._websocket.transport.abort()
            raise

    async def _be_read(self) -> None:
        """Wait until the server has read everything: it answers a ping in its turn."""
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
    code = _code_of(error.rcvd)
    sentence = f"The server closed the connection (code {code or 'none'})."
    return ConnectionLostError(sentence) if code in LOST_CODES else ClientError(sentence)


async def dial(
    url: str, tls: ssl.SSLContext, token: str | None = None, offered: Sequence[str] = ()
) -> Connection:
    """Open a connection; the server's first message is still to be received.

    Args:
        url: wss://, or ws:// to a server without TLS, where `tls` is not used.
        tls: the client's side of it.
        token: what the server wants of those it lets in; None: it lets everybody in.
        offered: subprotocols.

    Raises:
        ConnectionLostError: where no server answers.
        CertificateError, UnauthorizedError: as their names say.
        ClientError: where `url` is no address, or `token` no token.

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
            ping_timeout=PONG_SECONDS,
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
        sentence = f"No server answers at {url} ({type(error).__name__})."
        raise ConnectionLostError(sentence) from error
    except (InvalidURI, ValueError) as error:
        sentence = f"{url!r} is no address of a server, which begins with wss:// or ws://."
        raise ClientError(sentence) from error
    return Connection(websocket)


@asynccontextmanager
async def open_connection(
    url: str, tls: ssl.SSLContext, token: str | None = None
) -> AsyncIterator[Connection]:
    """Connect and wait until the server is ready; for the arguments see `dial`.

    Raises:
        ClientError: as `dial`, or where the server is full.

    """
    connection = await dial(url, tls, token)
    try:
        await connection.welcome()
        yield connection
    finally:
        await connection.close()
