"""Each hostile client gets its close code, affects no other client, and leaves no data in logs."""

import asyncio
import io
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import structlog
from abuses import FLOODS, FRAMES, HARMLESS, MARK, REQUESTS, STAGES
from fakes import FakePool, fake_services
from loopback import PATIENCE_SECONDS, Endpoint, Peer, serving
from raw_client import (
    TEXT,
    UPGRADE,
    RawClient,
    client_hello,
    dialled,
    frame,
    upgraded,
)

from hwaja.server.services import Services
from hwaja.vad.silero import Detection, SileroDetector

MUCH_BYTES = 16 << 20

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def services(detector: SileroDetector) -> Services:
    engine = FakePool()
    return fake_services(engine, Detection(detector))


@asynccontextmanager
async def beside_a_good_client(
    services: Services, certificate: tuple[Path, Path], **settings: float
) -> AsyncIterator[Endpoint]:
    """A server with two places, one of them taken by a client that is answered all the while."""
    async with (
        serving(services, certificate, max_connections=2, **settings) as endpoint,
        endpoint.welcomed() as good,
    ):
        yield endpoint
        await is_answered(good)
        await has_a_free_place(endpoint)


async def is_answered(good: Peer) -> None:
    await good.say("stop_transcription")
    assert (await good.receive())["code"] == "TRANSCRIPTION_FAILED"


async def has_a_free_place(endpoint: Endpoint) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:  # the server learns of a loss a moment after the client made it
            async with endpoint.connect() as peer:
                if (await peer.receive())["type"] == "model_loaded":
                    return


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fails where anything logs what a client sent, or takes a client's fault for the server's."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with structlog.testing.capture_logs() as entries:
        yield
    root.removeHandler(handler)
    root.setLevel(level)
    assert [entry for entry in entries if entry["log_level"] == "error"] == []
    everything = f"{entries}{told.getvalue()}{capfd.readouterr()}"
    for form in (MARK, repr(MARK.encode())[2:-1], MARK.encode().hex(" ")):
        assert form not in everything


# What is sent over an open WebSocket


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("abuse", FRAMES)
async def test_a_broken_frame_or_message_closes_the_connection_with_its_code(
    abuse: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    content, code = FRAMES[abuse]
    async with (
        beside_a_good_client(services, certificate) as endpoint,
        upgraded(endpoint.port, endpoint.trust) as client,
    ):
        await client.send(content)
        assert await client.close_code() == code


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("oddity", HARMLESS)
async def test_unusual_but_valid_frames_do_not_end_a_session(
    oddity: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    async with (
        beside_a_good_client(services, certificate) as endpoint,
        upgraded(endpoint.port, endpoint.trust) as client,
    ):
        await client.send(HARMLESS[oddity] + frame(TEXT, b'{"type": "stop_transcription"}'))
        while True:
            opcode, payload = await client.read_frame()
            assert opcode != 8
            if opcode == TEXT and b"TRANSCRIPTION_FAILED" in payload:
                break


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_client_that_sends_requests_and_reads_no_answer_is_held_back_or_cut_off(
    flood: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    """Unread answers would fill the memory. Excess requests do not keep the slot."""
    content = FLOODS[flood]
    async with beside_a_good_client(services, certificate, ping_seconds=0.5) as endpoint:
        async with upgraded(endpoint.port, endpoint.trust) as client:
            client.stop_reading()
            sent_bytes = 0
            with suppress(TimeoutError):
                while not client.is_cut and sent_bytes < MUCH_BYTES:
                    async with asyncio.timeout(2):  # held back
                        await client.send(content)
                    sent_bytes += len(content)
            assert sent_bytes < MUCH_BYTES
        await has_a_free_place(endpoint)


# What is sent before


async def after_the_handshake_time(endpoint: Endpoint, client: RawClient) -> bytes:
    """Wait until the server closes. Another client connects at once meanwhile."""
    async with endpoint.connect() as peer:
        assert (await peer.receive())["type"] == "model_loaded"
    return await client.read_to_end()


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("abuse", REQUESTS)
async def test_a_request_that_is_no_upgrade_is_answered_and_closed(
    abuse: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    content, status = REQUESTS[abuse]
    async with (
        beside_a_good_client(services, certificate) as endpoint,
        dialled(endpoint.port, endpoint.trust) as client,
    ):
        await client.send(content)
        answer = await client.read_to_end()
    assert answer.partition(b"\r\n")[0][9:12] == status
    assert answer.count(b"HTTP/1.1 ") <= 1


async def test_without_tls_what_follows_a_refused_request_is_not_read(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    content, status = REQUESTS["a body of 40 kB"]
    async with (
        serving(services, None) as endpoint,
        dialled(endpoint.port, None) as client,
    ):
        await client.send(content)
        answer = await client.read_to_end()
    assert answer.partition(b"\r\n")[0][9:12] == status
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


def silences(trust: ssl.SSLContext) -> dict[str, tuple[ssl.SSLContext | None, bytes]]:
    hello = client_hello(trust)
    return {
        "nothing": (None, b""),
        "half a hello": (None, hello[: len(hello) // 2]),
        "a hello": (None, hello),
        "TLS": (trust, b""),
        "half a request": (trust, UPGRADE[:40]),
        "a request without its last line": (trust, UPGRADE[:-2]),
    }


@pytest.mark.parametrize("stage", silences(ssl.create_default_context()))
async def test_a_client_that_stops_during_the_handshake_is_closed_after_the_timeout(
    stage: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    async with beside_a_good_client(services, certificate, handshake_seconds=0.3) as endpoint:
        tls, content = silences(endpoint.trust)[stage]
        async with dialled(endpoint.port, tls) as client:
            await client.send(content)
            answer = await after_the_handshake_time(endpoint, client)
    assert not answer.startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("over_tls", [True, False])
async def test_a_client_that_sends_its_handshake_byte_by_byte_is_closed_after_the_timeout(
    over_tls: bool, services: Services, certificate: tuple[Path, Path]
) -> None:
    async with beside_a_good_client(services, certificate, handshake_seconds=0.3) as endpoint:
        content = UPGRADE if over_tls else client_hello(endpoint.trust)
        async with dialled(endpoint.port, endpoint.trust if over_tls else None) as client:
            assert b"101" not in await client.trickle(content, pause_seconds=0.02)
            await client.read_to_end()


@pytest.mark.parametrize(
    "content",
    [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes(1 << 16), b"\x16\x03\x01\xff\xff"],
)
async def test_bytes_that_are_no_tls_get_no_answer_in_plain_text(
    content: bytes, services: Services, certificate: tuple[Path, Path]
) -> None:
    async with (
        beside_a_good_client(services, certificate, handshake_seconds=0.3) as endpoint,
        dialled(endpoint.port, None) as client,
    ):
        await client.send(content)
        assert b"HTTP" not in await after_the_handshake_time(endpoint, client)


async def test_a_message_that_arrives_byte_by_byte_is_read(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    async with (
        beside_a_good_client(services, certificate) as endpoint,
        upgraded(endpoint.port, endpoint.trust) as client,
    ):
        await client.read_frame()  # model_loaded
        text = frame(TEXT, b'{"type": "stop_transcription"}')
        for byte in text:
            await client.send(bytes([byte]))
        assert b"TRANSCRIPTION_FAILED" in (await client.read_frame())[1]


# Resets


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("stage", STAGES)
async def test_a_reset_connection_frees_its_slot(
    stage: str, services: Services, certificate: tuple[Path, Path]
) -> None:
    over_tls, content = STAGES[stage]
    async with beside_a_good_client(services, certificate) as endpoint:
        for _ in range(5):
            async with dialled(endpoint.port, endpoint.trust if over_tls else None) as client:
                await client.send(content)
                client.reset()
