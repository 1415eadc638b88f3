"""Limits on the duration, speed, size and silence of a client, over a socket."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import clips
import pytest
from fakes import FakePool, WatchedDetection, fake_services
from loopback import PATIENCE_SECONDS, Address, Endpoint, serving, tokens_of
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import Tokens
from hwaja.server.http.origins import origins_of
from hwaja.server.http.pages import Pages
from hwaja.server.sessions.connection import Connection
from hwaja.server.sessions.outbox import MOST_ITEMS
from hwaja.vad.silero import SileroDetector

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

Serve = Callable[..., AbstractAsyncContextManager[Endpoint]]

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_STOP = b'{"type": "stop_transcription"}'
MISPLACED = bytes([0x81, 0x80 | len(_STOP)]) + bytes(4) + _STOP
"""A text frame whose mask is zero; it is answered with an error."""

SOON = 0.2
"""Seconds that stand for a limit of minutes."""


@pytest.fixture
def engine() -> FakePool:
    return FakePool()


@pytest.fixture
def detection(detector: SileroDetector) -> WatchedDetection:
    return WatchedDetection(detector)


@pytest.fixture
def serve(engine: FakePool, detection: WatchedDetection, certificate: tuple[Path, Path]) -> Serve:
    services = fake_services(engine, detection)
    return lambda **settings: serving(services, certificate, **settings)


# How long


@pytest.mark.parametrize(
    ("limit", "reason"), [("max_session_seconds", "session_limit"), ("idle_seconds", "idle")]
)
async def test_a_client_at_its_time_limit_gets_the_reason_and_its_slot_is_freed(
    limit: str, reason: str, serve: Serve
) -> None:
    async with serve(**{limit: SOON}, max_connections=1) as endpoint:
        for details in (True, False):
            async with endpoint.welcomed() as peer:
                await peer.say("start_speaker_registration", speaker_id=0, details=details)
                messages, code = await peer.receive_until_closed()
            assert code == 1000
            error = messages[-1]
            assert (error["type"], error["code"]) == ("error", "CONNECTION_FAILED")
            assert error.get("reason") == (reason if details else None)


@pytest.mark.alone  # the audio must arrive in time
async def test_speech_before_the_end_of_the_session_is_answered(
    serve: Serve, engine: FakePool
) -> None:
    async with serve(max_session_seconds=1.5) as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        await peer.play(clips.conversation())
        messages, code = await peer.receive_until_closed()
    assert [message["type"] for message in messages] == [*["transcription"] * 4, "error"]
    assert code == 1000


async def test_a_client_slowed_down_by_the_server_is_not_idle(serve: Serve) -> None:
    """Each of its messages waits longer than the idle limit."""
    slow = serve(idle_seconds=SOON, max_messages_per_second=3)
    async with slow as endpoint, endpoint.welcomed() as peer:
        for _ in range(9):
            await peer.say("stop_transcription")
        answers = [await peer.receive() for _ in range(9)]
        assert {answer["code"] for answer in answers} == {"TRANSCRIPTION_FAILED"}
        assert (await peer.receive_until_closed())[1] == 1000  # now it is


# How silent


@asynccontextmanager
async def cut(endpoint: Endpoint) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port that forwards to the server until the event is set, and then drops everything.

    As with an unplugged cable, neither end is notified.
    """
    pulled = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(65_536):
            if not pulled.is_set():
                writer.write(data)

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", endpoint.port)
        await asyncio.gather(carry(reader, forth), carry(back, writer), return_exceptions=True)

    relay = await asyncio.start_server(lead, "127.0.0.1", 0)
    try:
        yield relay.sockets[0].getsockname()[1], pulled
    finally:
        relay.close()
        for writer in writers:
            writer.transport.abort()


async def test_the_slot_of_a_vanished_client_is_freed_after_the_ping_timeout(
    serve: Serve,
) -> None:
    async with serve(max_connections=1, ping_seconds=SOON) as endpoint, cut(endpoint) as relay:
        port, pulled = relay
        async with Address(port, endpoint.trust).welcomed() as vanished:
            pulled.set()
            await endpoint.until_free()
            vanished.websocket.transport.abort()


async def test_the_slot_of_a_half_closed_connection_is_freed_at_once(serve: Serve) -> None:
    async with serve(max_connections=1) as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        await peer.play(clips.conversation())
        peer.websocket.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
        await endpoint.until_free()


async def test_a_silent_client_that_answers_pings_keeps_its_slot(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers pings for many times the ping timeout."""
    pings, ping = asyncio.Semaphore(0), Connection._ping

    async def counted(connection: Connection) -> None:
        await ping(connection)
        pings.release()

    monkeypatch.setattr(Connection, "_ping", counted)
    async with serve(ping_seconds=SOON / 10) as endpoint, endpoint.welcomed() as peer:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(10):
                await pings.acquire()
        assert len(await peer.enrol(0, clips.voices()[0])) == 2


# How fast, how large


async def test_audio_faster_than_allowed_is_delayed_and_not_lost(
    serve: Serve, engine: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwaja.server.sessions.connection.BURST_AUDIO_SECONDS", 1)
    for speed, least_seconds in ((1e9, 0), (20, 0.4)):
        async with serve(max_audio_speed=speed) as endpoint, endpoint.welcomed() as peer:
            await peer.begin()
            began = time.monotonic()
            assert len(await peer.transcribe(clips.conversation())) == 4
            assert time.monotonic() - began >= least_seconds
    half = len(engine.heard) // 2
    for at_once, held_back in zip(engine.heard[:half], engine.heard[half:], strict=True):
        assert (at_once == held_back).all()


async def test_messages_faster_than_allowed_are_delayed_and_all_answered(
    serve: Serve,
) -> None:
    async with serve(max_messages_per_second=50) as endpoint, endpoint.welcomed() as peer:
        began = time.monotonic()
        for _ in range(130):
            await peer.say("stop_transcription")
        answers = [await peer.receive() for _ in range(130)]
        assert time.monotonic() - began >= 0.5
    assert {answer["code"] for answer in answers} == {"TRANSCRIPTION_FAILED"}


async def test_a_client_that_does_not_read_for_long_still_gets_every_answer(serve: Serve) -> None:
    """There are more answers than the server stores, so it stops reading from the client."""
    most = MOST_ITEMS + 500
    fast = serve(ping_seconds=1, max_messages_per_second=1e9)
    async with fast as endpoint, endpoint.welcomed() as peer:
        for _ in range(most):
            await peer.say("stop_transcription")
        answers = [await peer.receive() for _ in range(most)]
        assert {answer["code"] for answer in answers} == {"TRANSCRIPTION_FAILED"}
        assert len(await peer.enrol(0, clips.voices()[0])) == 2


@pytest.mark.alone  # the audio must arrive in time
async def test_a_client_that_never_reads_is_disconnected(serve: Serve) -> None:
    """It sends until the server reads no more. Then its slot is freed."""
    fast = serve(ping_seconds=SOON, max_messages_per_second=1e9, max_connections=1)
    async with fast as endpoint:
        reader, writer = await asyncio.open_connection(
            "localhost", endpoint.port, ssl=endpoint.trust
        )
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        with suppress(ConnectionError):
            while True:
                writer.write(MISPLACED * 1000)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await writer.drain()
        writer.transport.abort()
        await endpoint.until_free()


async def test_a_message_that_is_too_long_ends_only_its_own_session(serve: Serve) -> None:
    async with serve(max_message_bytes=10_000) as endpoint, endpoint.welcomed() as other:
        for message in (b"\0" * 10_002, "x" * 10_001):
            async with endpoint.welcomed() as peer:
                await peer.websocket.send(message)
                assert await peer.receive_until_closed() == ([], 1009)
        assert len(await other.enrol(0, clips.voices()[0])) == 2


async def test_an_unfinished_handshake_is_cut_off(serve: Serve) -> None:
    async with serve(handshake_seconds=SOON) as endpoint:
        for tls, said in (
            (None, b""),
            (endpoint.trust, b""),
            (endpoint.trust, b"GET / HTTP/1.1\r\n"),
        ):
            reader, writer = await asyncio.open_connection("localhost", endpoint.port, ssl=tls)
            writer.write(said)
            async with asyncio.timeout(PATIENCE_SECONDS):
                with suppress(ConnectionError):
                    await reader.read()
            writer.close()


# Who is let in


RIGHT, OTHER_RIGHT = "the-right-token-x", "another-right-token"


async def test_only_clients_with_a_token_pass_the_upgrade(
    serve: Serve,
) -> None:
    async with serve(policy=AccessPolicy(tokens_of(RIGHT)), max_connections=1) as endpoint:
        for refused in (
            {},
            {"additional_headers": {"Authorization": "Bearer wrong"}},
            {"subprotocols": ["hwaja", "hwaja.bearer.wrong"]},
        ):
            with pytest.raises(InvalidStatus) as error:
                async with endpoint.connect(**refused):
                    pass
            assert error.value.response.status_code == 401
        for let_in, agreed in (
            ({"additional_headers": {"Authorization": f"Bearer {RIGHT}"}}, None),
            ({"subprotocols": ["hwaja", f"hwaja.bearer.{RIGHT}"]}, "hwaja"),
        ):
            async with endpoint.connect(**let_in) as peer:
                assert (await peer.receive())["type"] == "model_loaded"
                assert peer.websocket.subprotocol == agreed
            await endpoint.until_free(**let_in)


@pytest.mark.parametrize("ends", [True, False])
async def test_the_session_of_a_revoked_token_ends_with_its_reason_if_configured(
    ends: bool, serve: Serve, tmp_path: Path
) -> None:
    """Only the client's own session, also during a transcription."""
    file = tmp_path / "tokens"
    file.write_text(f"{RIGHT}\n{OTHER_RIGHT}")
    tokens = Tokens(file)

    def shown(token: str) -> dict[str, object]:
        return {"additional_headers": {"Authorization": f"Bearer {token}"}}

    async with (
        serve(policy=AccessPolicy(tokens), end_revoked_sessions=ends) as endpoint,
        endpoint.connect(**shown(RIGHT)) as revoked,
        endpoint.connect(**shown(OTHER_RIGHT)) as other,
    ):
        await revoked.receive()
        await other.receive()
        await revoked.begin(details=True)
        await revoked.play(clips.conversation())
        await revoked.receive_until("transcription")
        file.write_text(OTHER_RIGHT)
        tokens.reload()
        if ends:
            messages, code = await revoked.receive_until_closed()
            assert (messages[-1]["reason"], code) == ("token_revoked", 1008)
        else:
            assert await revoked.transcribe(b"")
        assert len(await other.enrol(0, clips.voices()[0])) == 2


async def test_a_kept_session_ends_with_its_revoked_token(serve: Serve, tmp_path: Path) -> None:
    """Its slot is freed at once, and its session token is invalid."""
    file = tmp_path / "tokens"
    file.write_text(RIGHT)
    tokens = Tokens(file)
    shown = {"additional_headers": {"Authorization": f"Bearer {OTHER_RIGHT}"}}
    policy = AccessPolicy(tokens)
    async with serve(policy=policy, end_revoked_sessions=True, max_connections=1) as endpoint:
        async with endpoint.connect("/?resume", subprotocols=[f"hwaja.bearer.{RIGHT}"]) as peer:
            session_token = (await peer.receive())["session_token"]
            peer.websocket.transport.abort()
        file.write_text(OTHER_RIGHT)
        tokens.reload()
        await endpoint.until_free(**shown)
        with pytest.raises(InvalidStatus) as error:
            async with endpoint.connect(
                f"/?resume={session_token}", subprotocols=[f"hwaja.bearer.{RIGHT}"]
            ):
                pass
        assert error.value.response.status_code == 401


async def test_a_page_that_is_not_listed_is_refused(serve: Serve) -> None:
    policy = AccessPolicy(pages=Pages(origins_of("https://clinic.example")))
    async with serve(policy=policy) as endpoint:
        with pytest.raises(InvalidStatus) as error:
            async with endpoint.connect(origin="https://elsewhere.example"):
                pass
        assert error.value.response.status_code == 403
        assert b"--origins" in error.value.response.body
        for origin in ("https://clinic.example", endpoint.page, None):
            async with endpoint.connect(origin=origin) as peer:
                assert (await peer.receive())["type"] == "model_loaded"


async def test_no_token_is_written_to_the_log(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as log:
        async with serve(policy=AccessPolicy(tokens_of(RIGHT))) as endpoint:
            with pytest.raises(InvalidStatus):
                async with endpoint.connect(
                    "/?resume=S3CRET", subprotocols=["hwaja.bearer.S3CRET"]
                ):
                    pass
            async with endpoint.connect(
                "/?resume=S3CRET", subprotocols=["hwaja", f"hwaja.bearer.{RIGHT}"]
            ) as peer:
                token = (await peer.receive())["session_token"]
    written = str(log) + "".join(capfd.readouterr())
    assert log
    for secret in ("S3CRET", RIGHT, token, "resume="):
        assert secret not in written
