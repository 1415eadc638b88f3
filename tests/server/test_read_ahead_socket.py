"""The server keeps reading a client that sends too fast, without harm to other clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import clips
import pytest
from fakes import RING_FRAMES, FakePool, WatchedDetection, WatchedOverload, fake_services
from loopback import PATIENCE_SECONDS, Endpoint, Message, Peer, Serve, serving
from resuming import ResumingClient, begun
from websockets.exceptions import ConnectionClosed

from hwaja.server import server
from hwaja.server.services import Services
from hwaja.server.sessions import connection
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import SileroDetector
from hwaja.workers.overload import BEGINS_AT_SECONDS, DegradationLevel

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SOON = 0.2
"""Seconds that stand for 20, after which a library gives up a server that answers no ping."""


@pytest.fixture
def detection(detector: SileroDetector) -> WatchedDetection:
    return WatchedDetection(detector)


@pytest.fixture
def services(engine: FakePool, detection: WatchedDetection) -> Services:
    return fake_services(engine, detection)


@pytest.fixture
def serve(services: Services, certificate: tuple[Path, Path]) -> Serve:
    return lambda **settings: serving(services, certificate, **settings)


@pytest.fixture(scope="module")
def file() -> bytes:
    """A minute of talk: half of it is more than the ring holds."""
    return clips.part("two_cities", 1.5, 44) + clips.part("two_cities", 1.5, 20)


@pytest.fixture(scope="module")
def long_file(file: bytes) -> bytes:
    """Three minutes: more than the ring and all buffers between client and server hold."""
    return file * 3


def texts(messages: list[Message]) -> list[str]:
    return [message["text"] for message in messages if message["type"] == "transcription"]


async def whole(serve: Serve, engine: FakePool, file: bytes) -> list[bytes]:
    """The audio that the engine gets of an undisturbed file."""
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        await peer.transcribe(file)
    heard = [samples.tobytes() for samples in engine.heard]
    engine.heard.clear()
    return heard


@asynccontextmanager
async def stuck(
    endpoint: Endpoint,
    engine: FakePool,
    detection: WatchedDetection,
    file: bytes,
    *,
    details: bool = False,
) -> AsyncIterator[Peer]:
    """A client that sent a file to a server with a stopped engine, so that its ring is full."""
    async with endpoint.welcomed() as peer:
        await peer.begin(details=details)
        engine.working.clear()
        detection.frames = 0
        await peer.play(file)
        await detection.heard(RING_FRAMES)
        yield peer


def waiting_seconds(endpoint: Endpoint) -> float:
    """How much audio was read and not taken, of all clients."""
    connections = [entry.connection for entry in endpoint.server._registry]
    return sum(
        each._read_ahead.audio_seconds
        for each in connections
        if isinstance(each, connection.Connection)
    )


async def test_pings_of_a_client_are_answered_while_its_audio_waits(
    serve: Serve, engine: FakePool, detection: WatchedDetection, long_file: bytes
) -> None:
    async with serve() as endpoint, stuck(endpoint, engine, detection, long_file) as peer:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await (await peer.websocket.ping())
        assert detection.frames == RING_FRAMES  # and not a sample more
        assert waiting_seconds(endpoint) > 120
        engine.working.set()


async def test_a_client_with_library_keepalive_gets_its_whole_file_answered(
    serve: Serve, engine: FakePool, detection: WatchedDetection, long_file: bytes
) -> None:
    fast = partial(serve, max_audio_speed=1e9)
    expected = await whole(fast, engine, long_file)
    async with (
        fast() as endpoint,
        endpoint.connect(ping_interval=SOON, ping_timeout=SOON * 5) as peer,
    ):
        await peer.receive()
        await peer.begin()
        engine.working.clear()
        answering = asyncio.create_task(peer.transcribe(long_file))
        detection.frames = 0
        await detection.heard(RING_FRAMES)
        for _ in range(10):  # longer than it has patience
            await (await peer.websocket.ping())
            await asyncio.wait([answering], timeout=SOON)
        engine.working.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await answering
    assert len(texts(answers)) == len(expected)
    assert [samples.tobytes() for samples in engine.heard] == expected


@pytest.mark.parametrize("details", [True, False])
async def test_a_client_with_details_is_asked_to_wait_and_to_continue(
    details: bool,
    serve: Serve,
    engine: FakePool,
    detection: WatchedDetection,
    file: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HELD_AFTER_SECONDS", 1)
    monkeypatch.setattr(connection, "HOLD_PERIOD_SECONDS", 0.01)
    async with (
        serve() as endpoint,
        stuck(endpoint, engine, detection, file, details=details) as peer,
    ):
        if details:
            held = await peer.receive()
            assert (held["type"], held["hold"]) == ("too_far_ahead", True)
            assert 0 < held["waiting_seconds"] < len(file) / 32_000
        engine.working.set()
        await peer.say("stop_transcription")
        answers = await peer.receive_until("transcription_stopped")
        told = [message for message in answers if message["type"] == "too_far_ahead"]
        if details and not told:
            told = await peer.receive_until("too_far_ahead")
    go_on = {"type": "too_far_ahead", "waiting_seconds": 0, "hold": False}
    assert told == ([go_on] if details else [])


@pytest.mark.alone  # the audio must arrive in time
async def test_audio_received_before_the_server_stops_is_answered(
    serve: Serve, engine: FakePool, detection: WatchedDetection, file: bytes
) -> None:
    expected = await whole(serve, engine, file)
    async with (
        serve(drain_seconds=PATIENCE_SECONDS) as endpoint,
        stuck(endpoint, engine, detection, file) as peer,
    ):
        await (await peer.websocket.ping())  # it was read
        stopping = asyncio.create_task(endpoint.server.stop())
        await peer.play(clips.silence(0.5))  # too late: nobody takes this
        engine.working.set()
        answers, code = await peer.receive_until_closed()
        await stopping
    assert len(texts(answers)) == len(expected)
    assert code == 1001
    assert [samples.tobytes() for samples in engine.heard] == expected


@pytest.mark.parametrize("details", [True, False])
async def test_audio_that_a_stopping_server_cannot_answer_is_reported(
    details: bool, serve: Serve, engine: FakePool, detection: WatchedDetection, file: bytes
) -> None:
    async with (
        serve(drain_seconds=SOON) as endpoint,
        stuck(endpoint, engine, detection, file, details=details) as peer,
    ):
        await endpoint.server.stop()
        (error,), code = await peer.receive_until_closed()
    assert (error["type"], error["code"], code) == ("error", "TRANSCRIPTION_FAILED", 1001)
    told = (error.get("reason"), error.get("received_samples"))
    processed_samples = RING_FRAMES * FRAME_SAMPLES
    assert told == (("server_stopped", processed_samples) if details else (None, None))


async def leave(peer: Peer) -> None:
    await peer.websocket.close()


async def vanish(peer: Peer) -> None:
    peer.websocket.transport.abort()


@pytest.mark.parametrize("end", [leave, vanish])
async def test_a_client_that_leaves_while_its_audio_waits_frees_its_slot_and_leaves_no_data(
    end: Callable[[Peer], Awaitable[None]],
    serve: Serve,
    engine: FakePool,
    detection: WatchedDetection,
    file: bytes,
) -> None:
    """The engine is stopped, so that no more audio is taken."""
    async with serve(max_connections=1) as endpoint:
        async with stuck(endpoint, engine, detection, file) as peer:
            await (await peer.websocket.ping())
            (entry,) = endpoint.server._registry
            assert entry.connection is not None
            reads = list(entry.connection._read_ahead._waiting)
            assert any(any(read.message) for read in reads)
            await end(peer)
            await endpoint.until_free()
        assert not any(any(read.message) for read in reads)
        assert endpoint.server._reserve.used_bytes == 0
        engine.working.set()


async def test_a_client_cut_off_while_its_audio_waits_resumes_at_the_processed_audio(
    serve: Serve, engine: FakePool, detection: WatchedDetection, file: bytes
) -> None:
    """It resumes at once. The client sends the waiting audio again."""
    expected = await whole(serve, engine, file)
    async with serve() as endpoint:
        client = ResumingClient(endpoint)
        async with client.connection() as peer:
            await begun(client, peer)
            engine.working.clear()
            detection.frames = 0
            await peer.play(file)
            await detection.heard(RING_FRAMES)
            hearing = asyncio.create_task(client.receive_until(peer, "the end"))
            await (await peer.websocket.ping())  # everything was read
            peer.websocket.transport.abort()
            with suppress(ConnectionClosed):
                await hearing
        async with client.connection() as peer:
            welcome = await client.connect(peer)
            assert welcome["state"] == "transcribing"
            assert welcome["received_samples"] == RING_FRAMES * FRAME_SAMPLES
            engine.working.set()
            await peer.play(file[2 * welcome["received_samples"] :])
            await peer.say("stop_transcription")
            await client.receive_until(peer, "transcription_stopped")
    assert len(texts(client.heard)) == len(expected)
    assert [samples.tobytes() for samples in engine.heard] == expected


async def test_waiting_files_refuse_no_clients_and_waiting_live_speech_does(
    services: Services,
    certificate: tuple[Path, Path],
    engine: FakePool,
    detection: WatchedDetection,
    file: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "LOAD_PERIOD_SECONDS", 0.01)
    for level in BEGINS_AT_SECONDS:
        monkeypatch.setitem(BEGINS_AT_SECONDS, level, 0.05)
    overload = WatchedOverload()
    async with (
        serving(replace(services, overload=overload), certificate) as endpoint,
        stuck(endpoint, engine, detection, file),
    ):
        assert len(engine.ahead) == 1  # those who speak go before it
        for _ in range(30):
            await overload.checks.acquire()
            assert overload.level is DegradationLevel.NOTHING
        async with endpoint.welcomed() as speaking:
            engine.working.set()
            await speaking.begin()
            engine.working.clear()
            await speaking.play(clips.part("two_cities", 1.2, 2.6) + clips.silence(0.7))
            await overload.until(DegradationLevel.NEW_SESSIONS)
            engine.working.set()
            await overload.until(DegradationLevel.NOTHING)
    assert engine.ahead == set()
