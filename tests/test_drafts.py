"""The worker for interim texts: it comes when it is needed, and yields to everyone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace as changed

import clips
from fakes import EagerDrafts
from hwaja.engine import EngineError
from hwaja.recognition import Options
from hwaja.workers import wire
from hwaja.workers.drafts import Drafts
from hwaja.workers.pool import Utterance
from hwaja.workers.process import WorkerProcess

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SPEECH = Utterance(clips.samples(clips.part("beckett", 6.2, 9.5)), 3.3)


def read() -> Utterance:
    return replace(SPEECH, samples=SPEECH.samples.copy())


@pytest_asyncio.fixture(loop_scope="session")
async def drafts(english: wire.Setup) -> AsyncIterator[Drafts]:
    drafts = EagerDrafts(english)
    yield drafts
    await drafts.close()


async def draft(drafts: Drafts) -> str:
    async with asyncio.timeout(60):
        return (await drafts.recognise("owner", read, len(SPEECH.samples), Options())).text


async def test_no_process_is_started_before_somebody_asks(drafts: Drafts) -> None:
    assert drafts.processes == {}
    texts = await asyncio.gather(*(draft(drafts) for _ in range(3)))
    assert len(drafts.processes) == 1
    assert len(set(texts)) == 1
    assert "better" in texts[0].lower()


async def test_the_worker_is_told_to_yield_and_loads_no_model_of_voices(
    english: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: asyncio.Queue[wire.Request] = asyncio.Queue()

    async def sending(_: WorkerProcess, request: wire.Request) -> None:
        told.put_nowait(request)
        raise OSError

    monkeypatch.setattr(WorkerProcess, "send", sending)
    drafts = Drafts(english)
    waiting = asyncio.create_task(draft(drafts))
    assert await told.get() == changed(english, yields=True, voices=None)
    waiting.cancel()
    await drafts.close()


async def test_a_session_that_ends_while_the_worker_starts_takes_it_from_nobody(
    drafts: Drafts,
) -> None:
    gone = asyncio.create_task(draft(drafts))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(draft(drafts))
    await asyncio.sleep(0)
    gone.cancel()
    assert "better" in (await waiting).lower()


async def test_a_worker_that_cannot_start_is_told_to_each_who_asks(
    english: wire.Setup, tmp_path: Path
) -> None:
    drafts = Drafts(changed(english, recogniser_dir=str(tmp_path / "absent")))
    for _ in range(2):
        with pytest.raises(EngineError, match="does not exist"):
            await draft(drafts)
    await drafts.close()


async def test_closing_while_the_worker_starts_leaves_no_process(
    english: wire.Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()
    send = WorkerProcess.send

    async def sending(worker: WorkerProcess, request: wire.Request) -> None:
        started.set()
        await send(worker, request)

    monkeypatch.setattr(WorkerProcess, "send", sending)
    drafts = Drafts(english)
    waiting = asyncio.create_task(draft(drafts))
    await started.wait()
    await drafts.close()
    (process,) = drafts.processes.values()
    assert process.returncode is not None
    with pytest.raises((EngineError, asyncio.CancelledError)):
        await waiting
