"""A session that uses far more worker time than its share waits; other sessions do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import clips
import pytest
import pytest_asyncio
from fakes import WatchedDetection, WatchedOverload, no_cohort, one_generation
from loopback import Endpoint, Peer, serving
from pools import running
from timed_workers import TimedWorkers

from hwaja.engines.interface import Pcm16
from hwaja.server import server
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import SileroDetector
from hwaja.workers.overload import BEGINS_AT_SECONDS, EXPENSIVE_FROM_SHARES, DegradationLevel
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("spoken"),
]

SENTENCE = clips.part("two_cities", 1.2, 2.6) + clips.silence(0.7)
DEAR_JOB_SECONDS = 20.0


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> TimedWorkers:
    workers = TimedWorkers()
    workers.stand_in(monkeypatch)
    return workers


@pytest_asyncio.fixture(loop_scope="session")
async def pool(workers: TimedWorkers, english: wire.Setup) -> AsyncIterator[Pool]:
    async with running(english) as pool:
        yield pool


@pytest.fixture
def detection(detector: SileroDetector) -> WatchedDetection:
    return WatchedDetection(detector)


@pytest.fixture
def services(pool: Pool, detection: WatchedDetection) -> Services:
    return Services(
        one_generation(pool),
        detection,
        no_cohort(),
        SessionSettings(),
        overload=WatchedOverload(),
    )


async def say(peer: Peer, detection: WatchedDetection, pcm: bytes) -> None:
    """Send audio that the engine must not answer yet; return when the engine has it."""
    detection.frames = 0
    await peer.play(pcm)
    await detection.heard(len(pcm) // 8192 * 8192 // 2 // FRAME_SAMPLES)
    await (await peer.websocket.ping())


@asynccontextmanager
async def dear(
    endpoint: Endpoint, workers: TimedWorkers, detection: WatchedDetection
) -> AsyncIterator[Peer]:
    """A client whose jobs took long, with more waiting jobs than will be done."""
    async with endpoint.welcomed() as peer:
        workers.job_seconds = DEAR_JOB_SECONDS
        await peer.begin()
        await peer.transcribe(SENTENCE * 8)
        await peer.say("start_transcription")
        await peer.receive_until("transcription_started")
        workers.job_seconds = 0.1
        yield peer


async def test_an_ordinary_session_beside_a_dear_one_waits_only_for_the_running_job(
    services: Services,
    certificate: tuple[Path, Path],
    workers: TimedWorkers,
    detection: WatchedDetection,
) -> None:
    async with (
        serving(services, certificate) as endpoint,
        dear(endpoint, workers, detection) as costly,
        endpoint.welcomed() as other,
    ):
        await other.begin()
        await workers.allow(0)
        await say(costly, detection, SENTENCE * 8)  # 16 jobs
        await say(other, detection, SENTENCE)
        await workers.allow(1 + 2)
        assert (await other.receive())["text"] == "text"
        await workers.allow(float("inf"))
        await costly.say("stop_transcription")
        answers = await costly.receive_until("transcription_stopped")
        assert [answer["type"] for answer in answers[:-1]] == ["transcription"] * 8


async def test_lag_of_a_dear_session_refuses_no_clients_and_lag_of_others_does(
    services: Services,
    certificate: tuple[Path, Path],
    workers: TimedWorkers,
    detection: WatchedDetection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "LOAD_PERIOD_SECONDS", 0.01)
    overload = services.overload
    assert isinstance(overload, WatchedOverload)
    async with (
        serving(services, certificate) as endpoint,
        dear(endpoint, workers, detection) as costly,
        endpoint.welcomed() as other,
    ):
        await other.begin()
        await workers.allow(0)
        for level in BEGINS_AT_SECONDS:
            monkeypatch.setitem(BEGINS_AT_SECONDS, level, 0.05)
        await say(costly, detection, SENTENCE * 8)
        for _ in range(30):
            await overload.checks.acquire()
            assert overload.level is DegradationLevel.NOTHING
        (late,) = (runner for runner in endpoint.server._registry.runners if runner.is_expensive)
        assert late._overload.skips(DegradationLevel.SPEAKER_DETAILS)  # its own
        async with endpoint.welcomed():
            pass
        await say(other, detection, SENTENCE)
        await overload.until(DegradationLevel.NEW_SESSIONS)
        await workers.allow(float("inf"))
        await overload.until(DegradationLevel.NOTHING)
    assert (
        not services.generations.current.pool._charges._accounts
    )  # nothing is kept of who has left


async def test_a_session_is_charged_for_abandoned_work(pool: Pool, workers: TimedWorkers) -> None:
    """Early work on an utterance that continued is abandoned."""
    await workers.allow(0)
    workers.job_seconds = 100.0
    samples = clips.pcm16(clips.samples(SENTENCE))
    is_taken = asyncio.Event()

    def read() -> Pcm16:
        is_taken.set()
        return samples.copy()

    given_up = asyncio.create_task(pool.embed("dear", read, len(samples), overlaps=False))
    await is_taken.wait()
    given_up.cancel()
    await workers.allow(float("inf"))
    workers.job_seconds = 0.1
    await pool.embed("other", samples.copy, len(samples), overlaps=False)
    assert pool.shares("dear") > EXPENSIVE_FROM_SHARES > pool.shares("other")
