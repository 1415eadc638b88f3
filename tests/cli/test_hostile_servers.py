"""`hwaja transcribe` ends with one sentence whatever a server answers, and prints no escapes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from loopback import PATIENCE_SECONDS
from websockets.asyncio.server import ServerConnection, serve

from hwaja.cli.main import main

pytestmark = [
    pytest.mark.usefixtures("clean_settings"),
    pytest.mark.asyncio(loop_scope="session"),
]

Capture = pytest.CaptureFixture[str]

ESCAPES = "\x1b[2J\x9b31m\u202e"


@asynccontextmanager
async def answering(text: str) -> AsyncIterator[str]:
    """A server whose first message is this; yields its address."""

    async def greet(websocket: ServerConnection) -> None:
        await websocket.send(text)
        await websocket.wait_closed()

    async with serve(greet, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def responding(status: int, body: bytes) -> AsyncIterator[str]:
    """A server of HTTP that answers each request with this; yields its address."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def failed(capsys: Capture, *arguments: str) -> str:
    """Run the command, which must fail; return the one line that it prints."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await asyncio.to_thread(main, ["transcribe", *arguments, "--lang", "en"]) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("hwaja: ")
    assert line.isprintable()
    return line


def refusal(**fields: Any) -> str:
    return json.dumps({"type": "error", "code": "SPEAKER_REGISTRATION_FAILED", **fields})


@pytest.mark.parametrize(
    "answer",
    [
        "[" * 100_000,
        refusal(message=f"{ESCAPES} evil"),
        refusal(message=ESCAPES, reason=ESCAPES),
        refusal(reason=9),
        refusal(message=7),
        refusal(speaker_id=7),
        refusal(speaker_id="first"),
        refusal(quality=[]),
        json.dumps({"type": "later", "message": 7}),
    ],
    ids=lambda answer: answer[40:80],
)
async def test_an_answer_that_cannot_be_used_is_one_sentence(
    answer: str, files: dict[str, str], capsys: Capture
) -> None:
    async with answering(answer) as url:
        voices = ("--enroll", files["first"], "--enroll", files["second"])
        assert "server" in await failed(capsys, files["talk"], *voices, "--url", url)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"no transcript"),
        (200, b"[]"),
        (200, b"[" * 100_000),
        (200, b'{"audio_seconds": 1, "utterances": [{"speaker_id": "x"}]}'),
        (200, b"\xff"),
        (422, b"\xff"),
        (422, b"[" * 100_000),
        (422, b'{"reason": 9}'),
        (422, b'{"type": []}'),
        (422, b'{"code": "FILE_REFUSED", "reason": [1], "message": {}}'),
        (401, ESCAPES.encode()),
        (500, ESCAPES.encode()),
    ],
)
async def test_a_response_that_cannot_be_used_is_one_sentence(
    status: int, body: bytes, files: dict[str, str], capsys: Capture
) -> None:
    async with responding(status, body) as url:
        await failed(capsys, "--fast", "--discover", files["silence"], "--url", url)
