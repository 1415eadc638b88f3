"""A fault of the server ends only the session in which it occurs, with an error."""

import asyncio
from pathlib import Path

import clips
import pytest
from fakes import RING_FRAMES, FakePool, WatchedDetection, fake_services
from loopback import PATIENCE_SECONDS, Endpoint, Peer, Serve, serving
from structlog.testing import capture_logs
from test_connection import SERVER_FAILED, SPOKEN
from tone_speech import hummed

from hwaja.protocol.server_messages import Interim
from hwaja.server.network.guard import GuardedConnection
from hwaja.server.sessions.connection import Connection
from hwaja.session.conversation import Conversation
from hwaja.session.events import PartialText
from hwaja.vad.silero import SileroDetector
from hwaja.workers.pool import Pool

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


def broken(*_: object) -> None:
    raise RuntimeError(SPOKEN)


@pytest.mark.usefixtures("spoken")
async def test_a_session_that_fails_with_a_full_ring_ends_and_frees_its_slot(
    engine: FakePool,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its reader waits for room in the ring, which no answer frees any more."""
    detection = WatchedDetection(detector)
    services = fake_services(engine, detection)
    async with (
        serving(services, certificate, max_connections=1) as endpoint,
        endpoint.welcomed() as peer,
    ):
        await peer.begin()
        engine.working.clear()
        detection.frames = 0
        playing = asyncio.create_task(peer.play(clips.part("two_cities", 1.5, 44)))
        await detection.heard(RING_FRAMES)
        (runner,) = endpoint.server._registry.runners
        assert runner.lag_seconds > 0
        monkeypatch.setattr(Conversation, "learn_text", broken)
        engine.working.set()
        assert await peer.receive_until_closed() == ([SERVER_FAILED], 1011)
        assert runner.lag_seconds == 0
        await asyncio.gather(playing, return_exceptions=True)
        await endpoint.until_free()


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streaming"])
async def test_a_session_that_fails_on_an_interim_text_keeps_no_worker_busy(
    endpoint: Endpoint,
    live_endpoint: Endpoint,
    live_pool: Pool,
    streams: bool,
    monkeypatch: pytest.MonkeyPatch,
    unhurried: None,
) -> None:
    take_partial_text = Conversation.take_partial_text
    breaks = True

    def hearing(conversation: Conversation, event: PartialText, *, is_open: bool) -> Interim | None:
        if breaks:
            raise RuntimeError(SPOKEN)
        return take_partial_text(conversation, event, is_open=is_open)

    monkeypatch.setattr(Conversation, "take_partial_text", hearing)
    server = live_endpoint if streams else endpoint
    speech = hummed(range(8)).pcm if streams else clips.part("two_cities", 1.2, 4.8)
    restarts = live_pool.restarts

    async def begun(peer: Peer) -> None:
        await peer.enrol_both()
        await peer.say("start_transcription", interim_results=True)
        await peer.receive_until("transcription_started")

    with capture_logs() as log:
        async with server.welcomed() as peer, server.welcomed() as other:
            await begun(peer)
            await begun(other)
            await peer.play(clips.silence(0.5) + speech)
            heard, code = await peer.receive_until_closed()
            assert (heard[-1], code) == (SERVER_FAILED, 1011)
            breaks = False
            await other.play(clips.silence(0.5) + speech)
            assert (await other.receive())["type"] == "interim"
    assert live_pool.restarts == restarts
    assert {line["error"] for line in log if line["event"] == "session failed"} == {"RuntimeError"}
    assert SPOKEN not in str(log)


async def test_a_client_whose_messages_cannot_be_written_is_disconnected(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    send = GuardedConnection.send

    async def sending(websocket: GuardedConnection, message: str) -> None:
        if "registration_started" in message:
            raise RuntimeError(SPOKEN)
        await send(websocket, message)

    monkeypatch.setattr(GuardedConnection, "send", sending)
    with capture_logs() as log:
        async with serve(max_connections=1) as endpoint:
            async with endpoint.welcomed() as peer:
                await peer.say("start_speaker_registration", speaker_id=0)
                assert await peer.receive_until_closed() == ([], 1011)
            await endpoint.until_free()
    (failed,) = [line for line in log if line["event"] == "connection failed"]
    assert failed["error"] == "RuntimeError"
    assert SPOKEN not in str(log) + "".join(capfd.readouterr())


async def test_a_client_whose_watch_fails_is_disconnected(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its unconfirmed messages do not count as received."""

    async def pinging(_: Connection) -> None:
        raise RuntimeError(SPOKEN)

    monkeypatch.setattr(Connection, "_ping", pinging)
    async with serve(ping_seconds=0.01) as endpoint, endpoint.welcomed() as peer:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await peer.receive_until_closed() == ([], 1011)
