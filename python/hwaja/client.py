"""A client of the public protocol, for `hwaja transcribe` and for measurements."""

import json
import ssl
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)

Message = dict[str, Any]

MAX_UNREAD_BYTES = 4 * 32_000
"""Audio that may lie between client and server: 4 s. The answers to the server's pings wait behind
it, and a server that waits too long for one takes the client for gone."""

PONG_SECONDS = 60
"""How long a server may take to answer a ping: one that is held up does not read."""


class ClientError(Exception):
    """The server cannot be reached or refused. Says why in one sentence."""


class RefusedError(ClientError):
    """The server answered something else than was expected; the connection lives on."""


def client_tls(trusted: Path | None, *, verify: bool = True) -> ssl.SSLContext:
    """Return a client context.

    Args:
        trusted: a certificate to trust beside the system's, PEM; a missing file is passed over.
        verify: False accepts any certificate.

    Raises:
        ClientError: where the file is there but holds no certificate.

    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trusted is not None and trusted.is_file():
        try:
            context.load_verify_locations(trusted)
        except ssl.SSLError as error:
            raise ClientError(f"{trusted} holds no certificate.") from error
    return context


class Client:
    """One session with a server."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket

    async def receive(self) -> Message:
        """Return the next message of the server.

        Raises:
            ClientError: where the connection has ended, or the other end speaks another protocol.

        """
        try:
            message = json.loads(await self._websocket.recv())
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else "none"
            raise ClientError(f"The server closed the connection (code {code}).") from error
        except ValueError:
            message = None
        if not isinstance(message, dict) or "type" not in message:
            raise ClientError("The server is not a hwaja server.")
        return message

    async def expect(self, kind: str) -> Message:
        """Return the next message, which must be of type `kind`.

        Raises:
            RefusedError: where the server answers an error or something else.
            ClientError: where the connection ends.

        """
        message = await self.receive()
        if message["type"] != kind:
            text = message.get("message", message["type"])
            raise RefusedError(f"The server answered: {text}")
        return message

    async def send(self, message: Message) -> None:
        """Send a control message."""
        await self._send(json.dumps(message))

    async def send_audio(self, chunks: AsyncIterable[bytes]) -> None:
        """Send chunks of PCM16 as they come, but not far ahead of what the server has read."""
        unread_bytes = 0
        async for chunk in chunks:
            await self._send(chunk)
            unread_bytes += len(chunk)
            if unread_bytes >= MAX_UNREAD_BYTES:
                await self._be_read()
                unread_bytes = 0

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

    async def close(self) -> None:
        """End the session."""
        await self._websocket.close()

    async def _be_read(self) -> None:
        """Wait until the server has read everything: it answers a ping in its turn."""
        try:
            await (await self._websocket.ping())
        except ConnectionClosed as error:
            raise ClientError("The server closed the connection.") from error

    async def _send(self, message: str | bytes) -> None:
        try:
            await self._websocket.send(message)
        except ConnectionClosed as error:
            raise ClientError("The server closed the connection.") from error


@asynccontextmanager
async def open_client(
    url: str, tls: ssl.SSLContext, token: str | None = None
) -> AsyncIterator[Client]:
    """Connect and wait until the server is ready.

    Args:
        url: the server.
        tls: a client context.
        token: what the server wants of those it lets in; None: it lets everybody in.

    Raises:
        ClientError: where `url` is none, there is no server, its certificate is not trusted, or
            it is full.

    """
    try:
        websocket = await connect(
            url,
            ssl=tls,
            additional_headers={} if token is None else {"Authorization": f"Bearer {token}"},
            compression=None,
            max_size=None,
            ping_timeout=PONG_SECONDS,
        )
    except ssl.SSLCertVerificationError as error:
        raise ClientError(
            f"The certificate of {url} is not trusted ({error.verify_message}); "
            "name it with --cafile, or pass --insecure."
        ) from error
    except (OSError, InvalidHandshake, TimeoutError) as error:
        if (
            isinstance(error, InvalidStatus)
            and error.response.status_code == HTTPStatus.UNAUTHORIZED
        ):
            sentence = f"{url} lets in only who has a token; name its file with --token-file."
            raise ClientError(sentence) from error
        raise ClientError(f"No server answers at {url} ({type(error).__name__}).") from error
    except (InvalidURI, ValueError) as error:
        sentence = f"{url!r} is no address of a server, which begins with wss://."
        raise ClientError(sentence) from error
    async with websocket:
        client = Client(websocket)
        await client.expect("model_loaded")
        yield client
