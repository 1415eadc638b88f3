"""A server on a loopback socket with TLS, and a client that knows the specification only."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import clips
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import Tokens
from hwaja.server.config import Config
from hwaja.server.http.pages import Pages
from hwaja.server.network.tls import tls_context
from hwaja.server.server import Server
from hwaja.server.services import Services

Message = dict[str, Any]

PATIENCE_SECONDS = 30
"""Timeout for a message. Afterwards the test fails."""


class Peer:
    """A WebSocket client that sends and receives as scripted, without checks."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket

    async def say(self, kind: str, **fields: object) -> None:
        await self.websocket.send(json.dumps({"type": kind, **fields}))

    async def play(self, pcm: bytes, chunk_samples: int = 4096) -> None:
        """Send audio without waiting for its time to pass."""
        for offset in range(0, len(pcm), 2 * chunk_samples):
            await self.websocket.send(pcm[offset : offset + 2 * chunk_samples])

    async def receive(self) -> Message:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: Message = json.loads(await self.websocket.recv())
        return message

    async def receive_until(self, kind: str) -> list[Message]:
        """All messages up to the first one of a type, including it."""
        messages = [await self.receive()]
        while messages[-1]["type"] != kind:
            messages.append(await self.receive())
        return messages

    async def receive_until_closed(self) -> tuple[list[Message], int | None]:
        """All remaining messages, and the close code."""
        messages = []
        try:
            while True:
                messages.append(await self.receive())
        except ConnectionClosed as closed:
            return messages, closed.rcvd.code if closed.rcvd else None

    async def enrol(self, speaker_id: int, voice: bytes) -> list[Message]:
        await self.say("start_speaker_registration", speaker_id=speaker_id)
        await self.play(voice)
        await self.say("complete_speaker_registration", speaker_id=speaker_id)
        return [await self.receive(), await self.receive()]

    async def enrol_both(self) -> list[Message]:
        answers: list[Message] = []
        for speaker_id, voice in enumerate(clips.voices()):
            answers += await self.enrol(speaker_id, voice)
        return answers

    async def begin(self, *, details: bool = False) -> None:
        """Enrol two voices and start the transcription."""
        await self.enrol_both()
        await self.say("start_transcription", details=details)
        started = await self.receive()
        assert started["type"] == "transcription_started"

    async def transcribe(self, pcm: bytes, chunk_samples: int = 4096) -> list[Message]:
        """Play a conversation, stop, and return all that was answered but the last word.

        `too_far_ahead` is left out: whether it comes depends on how busy the machine is.
        """
        await self.play(pcm, chunk_samples)
        await self.say("stop_transcription")
        answers = (await self.receive_until("transcription_stopped"))[:-1]
        return [message for message in answers if message["type"] != "too_far_ahead"]


@dataclass(frozen=True)
class Page:
    """An answer to plain HTTP."""

    status: int
    head: str
    """Status line and header fields, as they came."""
    body: str


@dataclass(frozen=True)
class Address:
    """The port of a server, and the certificates that a client of it trusts."""

    port: int
    trust: ssl.SSLContext

    @property
    def url(self) -> str:
        return f"wss://localhost:{self.port}"

    @property
    def page(self) -> str:
        """The address for a browser."""
        return f"https://localhost:{self.port}/"

    async def get(self, path: str, *header: str, method: str = "GET") -> Page:
        """Send an HTTP request with further header lines."""
        reader, writer = await asyncio.open_connection("localhost", self.port, ssl=self.trust)
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *header, "", ""]
        writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        head, _, body = answer.partition("\r\n\r\n")
        return Page(int(head.split()[1]), head, body)

    @asynccontextmanager
    async def connect(self, path: str = "", **options: Any) -> AsyncIterator[Peer]:
        """Open a WebSocket; its first message is not read yet."""
        options = {"ssl": self.trust, "compression": None, "max_size": None, **options}
        async with connect(self.url + path, proxy=None, **options) as websocket:
            yield Peer(websocket)

    @asynccontextmanager
    async def welcomed(self) -> AsyncIterator[Peer]:
        """Open a WebSocket and read `model_loaded`."""
        async with self.connect() as peer:
            assert (await peer.receive())["type"] == "model_loaded"
            yield peer

    async def until_free(self, **options: Any) -> None:
        """Wait until a slot is free: the server notices a lost connection late."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                async with self.connect(**options) as peer:
                    if (await peer.receive())["type"] == "model_loaded":
                        return


@dataclass(frozen=True)
class Endpoint(Address):
    """A server in this process, and its address."""

    server: Server


Serve = Callable[..., AbstractAsyncContextManager[Endpoint]]
"""Serves with the fake engine; takes how long a transcription may be, and what `serving` takes."""


def tokens_of(*tokens: str) -> Tokens:
    """Read tokens from a file, as the server does."""
    with NamedTemporaryFile("w") as file:
        file.write("\n".join(tokens))
        file.flush()
        return Tokens(Path(file.name))


@asynccontextmanager
async def serving(
    services: Services,
    certificate: tuple[Path, Path] | None,
    *,
    policy: AccessPolicy | None = None,
    metrics_token: str | None = None,
    **settings: Any,
) -> AsyncIterator[Endpoint]:
    """Serve on a free port of 127.0.0.1 until the block ends.

    Args:
        services: the engine.
        certificate: certificate and key; None: without TLS.
        policy: decides which clients may connect; by default all, except pages of other origins.
        metrics_token: what shows the metrics; None: nothing does.
        settings: fields of `Config`.

    """
    metrics_tokens = None if metrics_token is None else tokens_of(metrics_token)
    policy = policy or AccessPolicy(pages=Pages(has_tls=certificate is not None))
    server = Server(services, Config(**settings), policy, metrics_tokens)
    tls = None if certificate is None else tls_context(*certificate)
    port = await server.start("127.0.0.1", 0, tls)
    trust = ssl.create_default_context(cafile=None if certificate is None else str(certificate[0]))
    try:
        yield Endpoint(port, trust, server)
    finally:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.stop()
