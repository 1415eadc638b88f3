"""The events of a session: each is handled separately and in order, also if one fails."""

import asyncio

import clips
import pytest
from fakes import FakePool, WatchedDetection, fake_services
from loopback import PATIENCE_SECONDS, Endpoint
from tone_speech import hummed

from hwaja.protocol.codes import CloseCode
from hwaja.protocol.server_messages import TranscriptionStarted
from hwaja.server.config import Config
from hwaja.server.sessions.session_runner import SessionRunner
from hwaja.session.effects import Close, Effect, Send
from hwaja.session.events import CutOff, Disconnected, Event, Shutdown, Waiting
from hwaja.session.state_machine import Session
from hwaja.vad.silero import SileroDetector

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
async def runner(engine: FakePool, detector: SileroDetector) -> SessionRunner:
    services = fake_services(engine, WatchedDetection(detector))
    return SessionRunner(services, Config(), "test")


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streaming"])
async def test_no_event_is_handled_in_the_task_of_another_session_or_worker(
    endpoint: Endpoint,
    live_endpoint: Endpoint,
    streams: bool,
    monkeypatch: pytest.MonkeyPatch,
    unhurried: None,
) -> None:
    """A fault or a delay in one session must not affect a worker or another session."""
    handle = Session.handle
    tasks: dict[type, set[asyncio.Task[object] | None]] = {}

    def handling(session: Session, event: Event) -> list[Effect]:
        tasks.setdefault(type(event), set()).add(asyncio.current_task())
        return handle(session, event)

    monkeypatch.setattr(Session, "handle", handling)
    server = live_endpoint if streams else endpoint
    speech = hummed(range(8)).pcm if streams else clips.part("two_cities", 1.2, 4.8)
    async with server.welcomed() as peer:
        await peer.enrol_both()
        await peer.say("start_transcription", interim_results=True)
        await peer.receive_until("transcription_started")
        await peer.play(clips.silence(0.5) + speech)
        await peer.receive_until("interim")
        await peer.say("stop_transcription")
        await peer.receive_until("transcription_stopped")
    handled = {kind.__name__ for kind in tasks}
    assert {"Audio", "Received", "Enrolled", "PartialText", "Recognised", "Attributed"} <= handled
    assert {task for each in tasks.values() for task in each} == {None}


async def test_events_are_handled_in_their_order_of_arrival(
    runner: SessionRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[type] = []

    def handling(_: Session, event: Event) -> list[Effect]:
        handled.append(type(event))
        return []

    monkeypatch.setattr(Session, "handle", handling)
    runner.waits(1.0)
    runner.shut_down()
    runner.cut_off()
    assert handled == [], "whoever tells of an event does not handle it"
    await runner.end()
    assert handled == [Waiting, Shutdown, CutOff, Disconnected]


async def test_a_session_that_fails_at_everything_reports_it_closes_and_does_nothing_more(
    runner: SessionRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The effects of the failed action are dropped."""

    def failing(_: Session, event: Event) -> list[Effect]:
        if isinstance(event, Disconnected):
            return [Send(TranscriptionStarted(), details=False), Close(CloseCode.NORMAL)]
        raise RuntimeError

    monkeypatch.setattr(Session, "handle", failing)
    runner.shut_down()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await runner.over.wait()
        said = await runner.outbox.get()
        assert isinstance(said, str)
        assert '"CONNECTION_FAILED"' in said
        assert await runner.outbox.get() == CloseCode.INTERNAL_ERROR
    await runner.end()


async def test_audio_is_heard_once_the_search_for_another_voice_is_answered(
    runner: SessionRunner, engine: FakePool
) -> None:
    """A source that is faster than the search waits for it, as audio in real time does."""
    await runner.connected(None)
    await runner.take('{"type": "start_transcription", "speakers": "discover"}', 0.0)
    await runner.take(bytearray(clips.part("two_cities", 0.5, 3.0)), 0.0)
    await runner.heard()  # an utterance is open, and too short for a search
    engine.working.clear()
    await runner.take(bytearray(clips.part("two_cities", 3.0, 5.0)), 0.0)
    heard = asyncio.create_task(runner.heard())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.shield(heard)
    engine.working.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await heard
    assert engine.embedded
    await runner.end()
