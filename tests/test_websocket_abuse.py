"""Hostile clients: each gets its close code, nobody else notices, and nothing of it is logged."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from abuses import FRAMES, HARMLESS, MARK, REQUESTS
from fakes import FakePool, no_cohort
from hwaja.connection import Services
from hwaja.detection import Detection
from hwaja.engines.silero import SileroDetector
from hwaja.session import SessionSettings
from loopback import PATIENCE_SECONDS, Endpoint, Peer, serving
from raw_client import BINARY, PING, TEXT, UPGRADE, RawClient, client_hello, dialled, frame, upgraded

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def services(detector: SileroDetector) -> Services:
    engine = FakePool()
    return Services(engine, engine, Detection(detector), no_cohort(), SessionSettings())  # type: ignore[arg-type]


@asynccontextmanager
async def beside_a_good_client(
    services: Services, certificate: tuple[Path, Path], handshake_seconds: float = 30
) -> AsyncIterator[Endpoint]:
    """A server with two places, one of them taken by a client that is answered all the while."""
    async with (
        serving(
            services, certificate, max_connections=2, handshake_seconds=handshake_seconds
        ) as endpoint,
        endpoint.welcomed() as good,
    ):
        yield endpoint
        await is_answered(good)
        await has_a_free_place(endpoint)


async def is_answered(good: Peer) -> None:
    await good.say("stop_transcription")
    assert (await good.hear())["code"] == "TRANSCRIPTION_FAILED"


async def has_a_free_place(endpoint: Endpoint) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:  # the server learns of a loss a moment after the client made it
            async with endpoint.connect() as peer:
                if (await peer.hear())["type"] == "model_loaded":
                    return


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fails where anything logs what a client sent."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as entries:
        yield
    told = f"{entries}{caplog.text}{capfd.readouterr()}"
    assert MARK not in told
    assert repr(MARK.encode())[2:-1] not in told


# What is sent over an open WebSocket


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("abuse", FRAMES)
async def test_a_broken_frame_or_message_is_closed_with_its_code(
    abuse: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    content, code = FRAMES[abuse]
    async with beside_a_good_client(services, certificate) as endpoint:
        async with upgraded(endpoint.port, endpoint.trust) as client:
            await client.send(content)
            assert await client.close_code() == code


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("oddity", HARMLESS)
async def test_what_is_strange_but_allowed_does_not_end_a_session(
    oddity: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    async with beside_a_good_client(services, certificate) as endpoint:
        async with upgraded(endpoint.port, endpoint.trust) as client:
            await client.send(HARMLESS[oddity] + frame(TEXT, b'{"type": "stop_transcription"}'))
            while True:
                opcode, payload = await client.read_frame()
                assert opcode != 8
                if opcode == TEXT and b"TRANSCRIPTION_FAILED" in payload:
                    break
