"""Batches of jobs: of real workers whose Whisper takes several, and on a fake clock."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence

import clips
import numpy as np
import pytest
import pytest_asyncio
from poison import poisoned, write_poisonable_worker
from pools import running
from timed_workers import TimedWorkers

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.engines.recognition import Candidate
from hwaja.models import locate
from hwaja.protocol.values import Hotword, Options
from hwaja.workers.charges import USE_HALF_LIFE_SECONDS
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire
from hwaja.workers.transport import worker_process as process
from hwaja.workers.transport.worker_link import WorkerLink

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 120
BATCH_SIZE = 16

SPANS = [
    ("two_cities", 1.0, 2.8),
    ("two_cities", 2.8, 5.0),
    ("beckett", 0.0, 4.4),
    ("beckett", 6.2, 9.5),
    ("two_cities", 5.0, 7.5),
]
"""No utterance is longer than 6 s: alone and in a batch, each has a context of 10 s."""

OPTIONS = [Options(), Options("auto"), Options(hotwords=(Hotword("Fayled", 10.0),)), Options()]


def part(number: int) -> Pcm16:
    return clips.pcm16(clips.samples(clips.part(*SPANS[number % len(SPANS)])))


def options(number: int) -> Options:
    return OPTIONS[number % len(OPTIONS)]


@pytest.fixture(scope="module")
def setup() -> wire.Setup:
    return wire.Setup(str(locate("whisper-base")), None, "en")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(setup: wire.Setup) -> list[str]:
    """The text of each utterance, of a worker that takes one at a time."""
    async with running(setup) as pool:
        assert pool.abilities.batch_size == 1
        return [await text_of(pool, number) for number in range(10)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def one(
    alone: list[str], setup: wire.Setup, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pool]:
    """A pool of one worker that takes batches, and dies of poisoned audio. Starts after `alone`."""
    executable = write_poisonable_worker(tmp_path_factory.mktemp("batches"), BATCH_SIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process.sys, "executable", executable)
        async with running(setup) as pool:
            assert pool.abilities.batch_size == BATCH_SIZE
            yield pool


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of jobs in each request for work."""
    sizes: list[int] = []
    send = WorkerLink.send

    async def noted(worker: WorkerLink, request: wire.Request) -> None:
        if isinstance(request, wire.Batch):
            sizes.append(len(request.jobs))
        elif isinstance(request, wire.Recognise | wire.Embed):
            sizes.append(1)
        await send(worker, request)

    monkeypatch.setattr(WorkerLink, "send", noted)
    return sizes


async def text_of(
    pool: Pool, number: int, read: Callable[[], Pcm16] | None = None, owner: str | None = None
) -> str:
    read = read or (lambda: part(number))
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await pool.recognise(
            owner or f"session {number}", read, len(part(number)), options(number), 3.0
        )
    return found.text


async def test_ten_utterances_of_ten_sessions_are_one_batch_and_have_the_texts_of_each_alone(
    one: Pool, alone: list[str], sent: list[int]
) -> None:
    texts = await asyncio.gather(*(text_of(one, number) for number in range(10)))
    assert texts == alone
    assert "Fayled" in alone[2]
    assert sent == [10]


async def test_a_free_worker_takes_all_utterances_that_are_queued(
    one: Pool, alone: list[str], sent: list[int]
) -> None:
    begun = asyncio.Event()

    def read() -> Pcm16:
        begun.set()
        return part(0)

    first = asyncio.create_task(text_of(one, 0, read))
    await begun.wait()
    others = await asyncio.gather(*(text_of(one, number) for number in range(1, 5)))
    assert [await first, *others] == alone[:5]
    assert sent == [1, 4]


async def test_damaged_utterances_of_a_batch_fail_alone(
    one: Pool, alone: list[str], sent: list[int]
) -> None:
    """One that the engine refuses, one that cannot be read, and one that is given up."""
    pid = one.processes[0].pid

    def gone() -> Pcm16:
        raise IndexError("released")

    reads = {3: lambda: np.zeros(10, np.int16), 5: gone}
    tasks = [asyncio.create_task(text_of(one, k, reads.get(k))) for k in range(10)]
    await asyncio.sleep(0)  # they are queued, and none is taken
    tasks[7].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    failed = {k: type(answer) for k, answer in enumerate(answers) if not isinstance(answer, str)}
    assert failed == {3: EngineError, 5: EngineError, 7: asyncio.CancelledError}
    assert all(answers[k] == alone[k] for k in range(10) if k not in failed)
    assert sent == [8]
    assert one.processes[0].pid == pid


async def test_a_killed_worker_loses_no_utterance_of_its_batch(
    one: Pool, alone: list[str], sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is then done alone, as the worker may have died of it."""
    send = WorkerLink.send

    async def kill_after_sending(worker: WorkerLink, request: wire.Request) -> None:
        await send(worker, request)
        if isinstance(request, wire.Batch):
            worker.kill()

    monkeypatch.setattr(WorkerLink, "send", kill_after_sending)
    before = one.restarts
    texts = await asyncio.gather(*(text_of(one, number) for number in range(5)))
    assert texts == alone[:5]
    assert sent == [5, 1, 1, 1, 1, 1]
    assert one.restarts - before == 1


async def test_only_the_utterance_that_kills_workers_fails(
    one: Pool, alone: list[str], sent: list[int]
) -> None:
    before = one.restarts
    reads = {2: lambda: poisoned(part(2))}
    answers = await asyncio.gather(
        *(text_of(one, k, reads.get(k)) for k in range(5)), return_exceptions=True
    )
    assert isinstance(answers.pop(2), EngineError)
    assert answers == [alone[k] for k in (0, 1, 3, 4)]
    assert sent == [5, 1, 1, 1, 1, 1]
    assert await asyncio.gather(*(text_of(one, k) for k in range(3))) == alone[:3]
    assert sent[-1] == 3
    assert one.restarts - before == 2


async def test_the_server_chooses_for_each_utterance_of_a_batch(
    one: Pool, alone: list[str], sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Sequence[Candidate]] = []

    async def choose(candidates: Sequence[Candidate], _language: str) -> int:
        await asyncio.sleep(0)
        offered.append(candidates)
        return 2 if candidates[0].text == alone[3] else 0

    monkeypatch.setattr(one, "_choose", choose)
    texts = await asyncio.gather(*(text_of(one, number) for number in range(5)))
    assert sent == [5]
    in_order = sorted(range(5), key=lambda number: len(part(number)))
    assert [candidates[0].text for candidates in offered] == [alone[k] for k in in_order]
    assert texts == [*alone[:3], offered[in_order.index(3)][2].text, alone[4]]
    assert texts[3] != alone[3]


async def test_sessions_share_the_charge_for_a_batch(
    monkeypatch: pytest.MonkeyPatch, english: wire.Setup
) -> None:
    """A worker that is busy for 8 s is charged once, whoever had jobs there."""
    workers = TimedWorkers()
    workers.batch_size, workers.job_seconds = BATCH_SIZE, 8.0
    workers.stand_in(monkeypatch)
    async with running(english) as pool:
        owners = ["a", "b", "c", "c"]
        await asyncio.gather(*(text_of(pool, 0, owner=owner) for owner in owners))
        charged = {owner: pool.shares(owner) for owner in ("a", "b", "c")}
        assert workers.now == 8.0
        assert pool.use == pytest.approx(8.0 * math.log(2) / USE_HALF_LIFE_SECONDS)  # not 32 s
    assert charged["a"] == charged["b"] == pytest.approx(charged["c"] / 2)
