"""Overload over a socket: the omitted work, and the clients that are still answered."""

from dataclasses import replace
from pathlib import Path

import clips
import pytest
from fakes import FakePool, WatchedOverload, no_cohort, one_generation
from loopback import Endpoint, Message, Peer, serving
from scrapes import TOKEN, metered, scrape
from test_server_socket import SERVER_FULL

from hwaja.server import server
from hwaja.server.services import Services
from hwaja.vad.silero import SileroDetector
from hwaja.workers.overload import BEGINS_AT_SECONDS, DegradationLevel

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def overload(monkeypatch: pytest.MonkeyPatch) -> WatchedOverload:
    """An overload that is checked often."""
    monkeypatch.setattr(server, "LOAD_PERIOD_SECONDS", 0.01)
    return WatchedOverload()


async def conversation(peer: Peer) -> list[Message]:
    """All messages for three sentences of one speaker and one of another, with all options."""
    await peer.enrol_both()
    await peer.say("start_transcription", details=True, interim_results=True)
    await peer.receive_until("transcription_started")
    return await peer.transcribe(clips.conversation())


async def left_out(endpoint: Endpoint) -> set[str]:
    return set((await scrape(endpoint)).by("hwaja_left_out", "what"))


async def test_present_clients_are_answered_and_new_ones_are_rejected(
    services: Services,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
    overload: WatchedOverload,
) -> None:
    loaded = replace(metered(services, detector), overload=overload)
    async with (
        serving(loaded, certificate, metrics_token=TOKEN) as endpoint,
        endpoint.welcomed() as peer,
    ):
        overload.at_least_seconds = 60
        await overload.until(DegradationLevel.NEW_SESSIONS)
        async with endpoint.connect() as refused:
            assert await refused.receive_until_closed() == ([SERVER_FULL], 1013)
        answers = await conversation(peer)
        found = await scrape(endpoint)
        ready = await endpoint.get("/readyz")
    assert [answer["type"] for answer in answers] == ["transcription"] * 4  # and no interims
    assert all(answer["text"] for answer in answers)
    assert [answer["speaker_id"] for answer in answers] == [0, 0, 0, 1]
    assert found.by("hwaja_rejections_total", "reason") == {"overloaded": 1}
    assert (ready.status, ready.body) == (503, "not ready: answers come late\n")


@pytest.mark.usefixtures("spoken")
async def test_late_answers_cause_step_by_step_degradation_which_ends_afterwards(
    services: Services,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
    overload: WatchedOverload,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hwaja.workers.overload.CALM_SECONDS", 0.05)
    for number, level in enumerate(BEGINS_AT_SECONDS):
        monkeypatch.setitem(BEGINS_AT_SECONDS, level, 0.2 * (number + 1))
    engine = FakePool()
    faked = replace(
        metered(services, detector),
        generations=one_generation(engine, engine),
        cohort=no_cohort(),
        overload=overload,
    )
    async with (
        serving(faked, certificate, metrics_token=TOKEN) as endpoint,
        endpoint.welcomed() as peer,
    ):
        await peer.begin()
        await overload.until(DegradationLevel.NOTHING)  # a busy machine enrols late
        assert await left_out(endpoint) == set()
        engine.idle_workers = 0
        engine.working.clear()
        await peer.play(clips.conversation())
        for level, names in (
            (DegradationLevel.INTERIMS, {"interims"}),
            (DegradationLevel.SPEAKER_DETAILS, {"interims", "speaker_details"}),
            (DegradationLevel.NEW_SESSIONS, {"interims", "speaker_details", "new_sessions"}),
        ):
            await overload.until_at_least(level)
            assert await left_out(endpoint) >= names
        engine.working.set()
        await peer.say("stop_transcription")
        texts = await peer.receive_until("transcription_stopped")
        assert len(texts) == 5  # four of them, late but whole
        await overload.until(DegradationLevel.NOTHING)
        assert await left_out(endpoint) == set()
        async with endpoint.welcomed():
            pass
