"""Metrics of real sessions, and that they hold no personal data."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import clips
import pytest
import pytest_asyncio
from fakes import FakePool, no_cohort, one_generation
from loopback import Endpoint, serving
from pages import ROOT
from pools import running
from scrapes import TOKEN, Scrape, metered, scrape
from structlog.testing import capture_logs
from tone_speech import hummed
from uploads import post_form

from hwaja.engines.interface import EngineError
from hwaja.observability.metrics import ACCEPTED, INTERIM_WORKER, FileOutcome, ModelChange
from hwaja.protocol.codes import ErrorCode, Reason, Rejection
from hwaja.server.services import Services
from hwaja.session.effects import Outcome
from hwaja.session.state_machine import State
from hwaja.vad.silero import SileroDetector
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.overload import DegradationLevel
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def observed(
    services: Services, detector: SileroDetector, certificate: tuple[Path, Path]
) -> AsyncIterator[Endpoint]:
    """The real engine on two workers, and a token for its metrics."""
    services = metered(services, detector)
    services.metrics.watch_certificate(lambda: datetime.now(UTC))
    services.metrics.watch_model(lambda: {"model": "moonshine", "language": "en"})
    async with serving(services, certificate, max_connections=2, metrics_token=TOKEN) as endpoint:
        yield endpoint


@pytest.fixture
def faked(
    services: Services, detector: SileroDetector, certificate: tuple[Path, Path]
) -> tuple[FakePool, AbstractAsyncContextManager[Endpoint]]:
    """A scripted engine, and a server with it that listens while the context is open."""
    engine = FakePool()
    engine.idle_workers = 0
    faked = replace(services, generations=one_generation(engine, engine), cohort=no_cohort())
    return engine, serving(metered(faked, detector), certificate, metrics_token=TOKEN)


# Figures --------------------------------------------------------------------------------------


async def test_the_guide_lists_exactly_the_metrics_that_exist(observed: Endpoint) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `hwaja_")]
    named = {name for row in rows for name in re.findall(r"hwaja_\w+", row)}
    shown = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in (await scrape(observed)).families
    }
    assert {name for name in shown if name.startswith("hwaja_")} == named


@pytest.mark.usefixtures("spoken")
async def test_the_metrics_count_a_session_and_its_utterances(observed: Endpoint) -> None:
    async with observed.welcomed() as peer:
        await peer.begin()
        during = await scrape(observed)
        assert during.by("hwaja_sessions", "state") == {"transcribing": 1}
        assert (during["hwaja_slots"], during["hwaja_slots_free"]) == (2, 1)
        answers = await peer.transcribe(clips.conversation())
        after = await scrape(observed)
    assert len(answers) == 4
    assert after.by("hwaja_utterances_total", "outcome") == {"answered": 4}
    assert after["hwaja_answer_latency_seconds_count"] == 4
    assert 0 < after["hwaja_answer_latency_seconds_sum"] < 4 * 30
    assert after.by("hwaja_enrolments_total", "verdict") == {"accepted": 2}
    sent_bytes = sum(map(len, [*clips.voices(), clips.conversation()]))
    assert after["hwaja_audio_received_seconds_total"] == pytest.approx(sent_bytes / 32_000)
    assert after["hwaja_sessions_opened_total"] == 1
    assert after.by("hwaja_sessions", "state") == {"ready": 1}
    assert after["hwaja_lag_seconds"] == after["hwaja_queue_audio_seconds"] == 0
    assert after["hwaja_detector_call_seconds_count"] == after["hwaja_detector_batch_streams_sum"]
    assert after["hwaja_detector_call_seconds_sum"] > 0
    assert after["process_resident_memory_bytes"] > 50e6


async def test_each_worker_has_metrics_of_memory_and_processor_time(
    observed: Endpoint,
) -> None:
    async with observed.welcomed() as peer:
        await peer.begin()  # has them work
    found = await scrape(observed)
    assert (found["hwaja_workers_running"], found["hwaja_workers_idle"]) == (2, 2)
    memory = found.by("hwaja_worker_resident_memory_bytes", "worker")
    assert {"0", "1"} <= set(memory)
    assert all(20e6 < held_bytes < 4e9 for held_bytes in memory.values())
    assert found.by("hwaja_worker_cpu_seconds_total", "worker").keys() == memory.keys()


async def test_a_dead_worker_is_counted_and_its_successor_is_measured(
    services: Services,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
    tones: wire.Setup,
) -> None:
    async with running(tones) as pool:
        own = metered(replace(services, generations=one_generation(pool)), detector)
        async with serving(own, certificate, metrics_token=TOKEN) as endpoint:
            assert (await scrape(endpoint))["hwaja_worker_restarts_total"] == 0
            pool.processes[0].kill()
            async with endpoint.welcomed() as peer:
                await peer.begin()  # waits for the successor
            found = await scrape(endpoint)
            memory = found.by("hwaja_worker_resident_memory_bytes", "worker")
    assert found["hwaja_worker_restarts_total"] == 1
    assert memory.keys() - {INTERIM_WORKER} == {"0"}


@pytest.mark.usefixtures("spoken")
async def test_late_answers_show_as_lag_until_they_are_sent(
    faked: tuple[FakePool, AbstractAsyncContextManager[Endpoint]],
) -> None:
    engine, served = faked
    async with served as endpoint, endpoint.welcomed() as peer:
        await peer.begin()
        engine.working.clear()
        await peer.play(clips.conversation())
        await peer.say("start_transcription")  # an error, and proof that the audio has arrived
        assert (await peer.receive())["type"] == "error"
        first = (await scrape(endpoint))["hwaja_lag_seconds"]
        second = (await scrape(endpoint))["hwaja_lag_seconds"]
        assert 0 < first < second < 60
        engine.failures = [EngineError("no")]
        engine.working.set()
        await peer.say("stop_transcription")
        await peer.receive_until("transcription_stopped")
        found = await scrape(endpoint)
    assert found["hwaja_lag_seconds"] == 0
    assert found.by("hwaja_utterances_total", "outcome") == {"answered": 3, "failed": 1}
    assert found["hwaja_answer_latency_seconds_count"] == 3
    assert found["hwaja_answer_latency_seconds_sum"] > 3 * first / 2


async def test_only_rejected_clients_are_counted_as_rejections(observed: Endpoint) -> None:
    async with observed.welcomed(), observed.welcomed():
        for _ in range(3):
            async with observed.connect() as refused:
                assert (await refused.receive_until_closed())[1] == 1013
        found = await scrape(observed)
    assert found.by("hwaja_rejections_total", "reason") == {"server_full": 3}
    assert found["hwaja_sessions_opened_total"] == 2
    assert found["hwaja_slots_free"] == 0


# Privacy --------------------------------------------------------------------------------------

LABELS: dict[str, set[str]] = {
    "code": set(ErrorCode),
    "reason": {*Reason, *Rejection},
    "verdict": {ACCEPTED, *Reason},
    "outcome": {*Outcome, *ModelChange, *FileOutcome},
    "state": {state.name.lower() for state in State},
    "worker": {"0", "1", INTERIM_WORKER},
    "what": {level.name.lower() for level in DegradationLevel},
}
"""All that a label may say, but the bound of a bucket."""

MARK = "Geheimnis900101"
"""What a client writes wherever it can write something."""


def strange_labels(found: Scrape) -> list[tuple[str, str, str]]:
    """Labels outside the enumerations, each with its metric."""
    return [
        (sample.name, label, value)
        for sample in found.samples
        for label, value in sample.labels.items()
        if value not in LABELS.get(label, set())
        and not (label == "le" and re.fullmatch(r"\d+\.\d+|\+Inf", value))
    ]


async def misbehave(endpoint: Endpoint) -> None:
    """Write the mark into every field, path and header."""
    for path in (f"/{MARK}", f"/metrics?{MARK}={MARK}", f"/readyz?{MARK}"):
        await endpoint.get(path, f"Authorization: Bearer {MARK}", f"User-Agent: {MARK}")
    await post_form(endpoint, ("name", MARK), (MARK, MARK.encode()))
    async with endpoint.welcomed() as peer:
        await peer.websocket.send(MARK)
        await peer.say(MARK, **{MARK: MARK})
        await peer.say("start_speaker_registration", speaker_id=MARK)
        await peer.say("start_transcription", language=MARK, hotwords=[MARK])
        await peer.websocket.send(MARK.encode())
        for _ in range(5):
            assert (await peer.receive())["type"] == "error"


async def test_no_label_or_name_contains_data_of_a_client(
    services: Services,
    live_pool: Pool,
    interim_worker: InterimWorker,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
) -> None:
    """The speech, the client and every field that can fail contain a mark."""
    live = metered(
        replace(services, generations=one_generation(live_pool, interim_worker)), detector
    )
    sentence = hummed([0, 3, 1, 6])
    with capture_logs() as log:
        async with serving(live, certificate, metrics_token=TOKEN) as endpoint:
            await misbehave(endpoint)
            async with endpoint.welcomed() as peer:
                await peer.begin(details=True)
                pcm = clips.silence(0.5) + sentence.pcm + clips.silence(1)
                answers = await peer.transcribe(pcm)
            page = await endpoint.get("/metrics", f"Authorization: Bearer {TOKEN}")
    assert sentence.text in "".join(answer["text"] for answer in answers)
    found = Scrape(page.body)
    assert found.by("hwaja_utterances_total", "outcome") == {"answered": len(answers)}
    assert len(found.by("hwaja_errors_sent_total", "reason")) >= 4
    assert strange_labels(found) == []
    sessions = {line["session"] for line in log if "session" in line}
    assert len(sessions) == 3  # one of the file
    numbers = [f"{score}" for answer in answers for score in answer["scores"]]
    private = {MARK, TOKEN, "127.0.0.1", "::1", "localhost", sentence.text, *sessions, *numbers}
    assert [each for each in private if each.lower() in page.body.lower()] == []
    assert page.body.isascii()  # a Korean sentence is not


async def test_the_search_in_the_labels_detects_a_foreign_value() -> None:
    text = 'hwaja_a_total{reason="server_full"} 1\nhwaja_b{le="말"} 1\nhwaja_c{text="empty"} 1\n'
    assert strange_labels(Scrape(text)) == [("hwaja_b", "le", "말"), ("hwaja_c", "text", "empty")]
