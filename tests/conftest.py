"""Fixtures of several test files: a certificate, the worker processes, a server."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
import structlog
from fakes import EagerInterimWorker, FakePool, WatchedDetection, fake_services, one_generation
from loopback import Endpoint, Serve, serving
from poison import write_poisonable_worker
from pools import running
from xdist.scheduler import LoadScopeScheduling

from hwaja.models import locate
from hwaja.models.conversion.tones import write_tone_model
from hwaja.privacy.cycle_collection import settle
from hwaja.server import config
from hwaja.server.application import voice_models
from hwaja.server.network.certificate import development_certificate
from hwaja.server.services import Services
from hwaja.server.sessions import intake
from hwaja.session.pace import Pace
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voices import Cohort
from hwaja.vad.silero import Detection, SileroDetector
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport import worker_process as process

# How long an example takes depends on what else runs on the machine. The examples are the same in
# each run, so that a commit that passed once passes again; `make examples` searches for new ones.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("repeatable")


class _FileScheduling(LoadScopeScheduling):
    """Runs the tests of a file in one process, and those of the browser: they share servers.

    The mark `xdist_group` has no effect with pytest 9.2 and pytest-xdist 3.8.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return "browser" if "browser" in file.parts else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Share the tests out to the processes."""
    return _FileScheduling(config, log)


def pytest_collection_finish() -> None:
    """Exclude all tests and modules from the sweeps of servers, as `hwaja serve` does.

    Else each sweep would block the event loop for some 0.4 s, once a second.
    """
    settle()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A development certificate and its key."""
    return development_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def english() -> wire.Setup:
    """Small models that load fast: an English recogniser, and speaker models."""
    return wire.Setup(str(locate("moonshine-tiny-en")), voice_models(), "en")


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> wire.Setup:
    """A streaming model with known output, and speaker models."""
    folder = tmp_path_factory.mktemp("tones")
    write_tone_model(folder)
    return wire.Setup(str(folder), voice_models(), "ko")


@pytest.fixture
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the developer's settings, and undo the logging setup of a test."""
    for option in config.options():
        monkeypatch.delenv(f"HWAJA_{option.name.upper()}", raising=False)
    monkeypatch.delenv("HWAJA_CONFIG", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    structlog.reset_defaults()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never takes audio for stopped during a test."""
    monkeypatch.setattr(intake, "STOPPED_SECONDS", 1000)


@pytest.fixture
def poisonable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are started from now on are killed by `poisoned` audio."""
    monkeypatch.setattr(process.sys, "executable", write_poisonable_worker(tmp_path))


@pytest.fixture(scope="session")
def detector() -> SileroDetector:
    return SileroDetector(locate("silero-vad") / "silero_vad.onnx")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool(english: wire.Setup) -> AsyncIterator[Pool]:
    """Two real workers, which all servers of the tests share."""
    async with running(english, workers=2) as pool:
        yield pool


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def interim_worker(english: wire.Setup) -> AsyncIterator[InterimWorker]:
    """The worker for interim texts, which starts when one is first asked for."""
    interim_worker = EagerInterimWorker(english)
    yield interim_worker
    await interim_worker.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def live_pool(tones: wire.Setup) -> AsyncIterator[Pool]:
    """Two real workers with a streaming recogniser."""
    async with running(tones, workers=2) as pool:
        yield pool


@pytest.fixture
def services(pool: Pool, interim_worker: InterimWorker, detector: SileroDetector) -> Services:
    settings = SessionSettings(abilities=lambda: pool.abilities)
    return Services(
        one_generation(pool, interim_worker), Detection(detector), Cohort.load(), settings
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def korean_pool() -> AsyncIterator[Pool]:
    """One worker with the default model."""
    setup = wire.Setup(str(locate("whisper-base")), voice_models(), "ko")
    async with running(setup) as pool:
        yield pool


@pytest.fixture
def korean_services(
    korean_pool: Pool, interim_worker: InterimWorker, detector: SileroDetector
) -> Services:
    settings = SessionSettings(abilities=lambda: korean_pool.abilities)
    return Services(
        one_generation(korean_pool, interim_worker), Detection(detector), Cohort.load(), settings
    )


@pytest_asyncio.fixture(loop_scope="session")
async def live_endpoint(
    live_pool: Pool,
    interim_worker: InterimWorker,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
) -> AsyncIterator[Endpoint]:
    """A server whose recogniser streams."""
    settings = SessionSettings(abilities=lambda: live_pool.abilities)
    services = Services(
        one_generation(live_pool, interim_worker), Detection(detector), Cohort.load(), settings
    )
    async with serving(services, certificate) as endpoint:
        yield endpoint


@pytest.fixture
def engine() -> FakePool:
    """A pool without idle workers, so that no work begins before an utterance has ended."""
    engine = FakePool()
    engine.idle_workers = 0
    return engine


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count audio that a test sends at once as if it were sent in real time."""
    monkeypatch.setattr(Pace, "came", lambda *_, **__: None)


@pytest.fixture
def serve(engine: FakePool, detector: SileroDetector, certificate: tuple[Path, Path]) -> Serve:
    """Serves with the fake engine, repeatedly if needed."""

    def served(
        max_audio_seconds: float = 600, **settings: Any
    ) -> AbstractAsyncContextManager[Endpoint]:
        limits = SessionSettings(max_audio_seconds=max_audio_seconds)
        detection = WatchedDetection(detector)
        services = fake_services(engine, detection, limits)
        return serving(services, certificate, **settings)

    return served


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint(services: Services, certificate: tuple[Path, Path]) -> AsyncIterator[Endpoint]:
    """A server with the real engine."""
    async with serving(services, certificate) as endpoint:
        yield endpoint
