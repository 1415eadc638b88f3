"""The worker for interim texts: it comes when it is needed, and yields to everyone."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import clips
import pytest
import pytest_asyncio
from fakes import EagerInterimWorker
from msgspec.structs import replace as changed
from virtual_time import run

from hwaja.engines.interface import EngineError
from hwaja.protocol.values import Options
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport.worker_link import WorkerLink

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SPEECH = clips.pcm16(clips.samples(clips.part("beckett", 6.2, 9.5)))


@pytest_asyncio.fixture(loop_scope="session")
async def interim_worker(english: wire.Setup) -> AsyncIterator[InterimWorker]:
    interim_worker = EagerInterimWorker(english)
    yield interim_worker
    await interim_worker.close()


async def draft(interim_worker: InterimWorker) -> str:
    async with asyncio.timeout(60):
        return (await interim_worker.recognise("owner", SPEECH.copy, len(SPEECH), Options())).text


async def test_no_process_is_started_before_the_first_request(
    interim_worker: InterimWorker,
) -> None:
    assert interim_worker.processes == {}
    texts = await asyncio.gather(*(draft(interim_worker) for _ in range(3)))
    assert len(interim_worker.processes) == 1
    assert len(set(texts)) == 1
    assert "better" in texts[0].lower()


async def test_the_worker_yields_the_processor_and_loads_no_speaker_models(
    english: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: asyncio.Queue[wire.Request] = asyncio.Queue()

    async def sending(_: WorkerLink, request: wire.Request) -> None:
        told.put_nowait(request)
        raise OSError

    monkeypatch.setattr(WorkerLink, "send", sending)
    interim_worker = InterimWorker(english)
    waiting = asyncio.create_task(draft(interim_worker))
    assert await told.get() == changed(english, low_priority=True, voices=None)
    waiting.cancel()
    await interim_worker.close()


async def test_a_session_that_ends_while_the_worker_starts_does_not_cancel_the_start(
    interim_worker: InterimWorker,
) -> None:
    gone = asyncio.create_task(draft(interim_worker))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(draft(interim_worker))
    await asyncio.sleep(0)
    gone.cancel()
    assert "better" in (await waiting).lower()


async def test_a_failed_start_is_reported_to_each_request_and_not_repeated_for_each(
    english: wire.Setup, tmp_path: Path
) -> None:
    interim_worker = InterimWorker(changed(english, recogniser_dir=str(tmp_path / "absent")))
    processes = []
    for _ in range(2):
        with pytest.raises(EngineError, match="does not exist"):
            await draft(interim_worker)
        processes.append(interim_worker.processes[0].pid)
    assert processes[0] == processes[1]
    await interim_worker.close()


async def test_a_worker_that_could_not_start_is_started_again_after_a_pause(
    english: wire.Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwaja.workers.interim_worker.FIRST_PAUSE_SECONDS", 0.0)
    folder = tmp_path / "model"
    interim_worker = InterimWorker(changed(english, recogniser_dir=str(folder)))
    with pytest.raises(EngineError, match="does not exist"):
        await draft(interim_worker)
    folder.symlink_to(english.recogniser_dir)
    assert "better" in (await draft(interim_worker)).lower()
    await interim_worker.close()


async def test_the_pause_grows_with_each_failed_start(
    english: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the models are broken, trying costs the others processor time."""
    starts: list[float] = []

    async def starting(_: Pool) -> None:
        starts.append(asyncio.get_running_loop().time())
        raise EngineError("no")

    async def ask() -> None:
        interim_worker = InterimWorker(english)
        for _ in range(2000):
            with pytest.raises(EngineError, match="no"):
                await interim_worker.recognise("owner", SPEECH.copy, 1, Options())
            await asyncio.sleep(1)

    monkeypatch.setattr(Pool, "start", starting)
    await asyncio.to_thread(run, ask())
    pauses = [later - sooner for sooner, later in pairwise(starts)]
    assert pauses[:6] == [5, 10, 20, 40, 80, 160]
    assert set(pauses[6:]) == {300}


async def test_closing_while_the_worker_starts_leaves_no_process(
    english: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()
    send = WorkerLink.send

    async def sending(worker: WorkerLink, request: wire.Request) -> None:
        started.set()
        await send(worker, request)

    monkeypatch.setattr(WorkerLink, "send", sending)
    interim_worker = InterimWorker(english)
    waiting = asyncio.create_task(draft(interim_worker))
    await started.wait()
    await interim_worker.close()
    (process,) = interim_worker.processes.values()
    assert process.returncode is not None
    with pytest.raises((EngineError, asyncio.CancelledError)):
        await waiting
