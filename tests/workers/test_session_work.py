"""Work that is begun before it is asked for."""

import asyncio

import pytest
from fakes import FakePool, one_generation
from structlog.testing import capture_logs

from hwaja._pcm import RingBuffer
from hwaja.workers.overload import Overload
from hwaja.workers.session_work import SessionWork, attempt


class CountedWork:
    """Work that ends on a signal and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.done = asyncio.Event()

    async def work(self) -> str:
        self.begun += 1
        try:
            await self.done.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"result {self.begun}"


SEGMENT, OTHER = "samples 10 to 20", "samples 10 to 21"


def work_of(pool: FakePool) -> SessionWork:
    return SessionWork("session", one_generation(pool), RingBuffer(1), Overload())


@pytest.fixture
def counted() -> CountedWork:
    return CountedWork()


@pytest.fixture
def early() -> SessionWork:
    return work_of(FakePool())


async def test_begun_work_is_taken_and_not_done_twice(
    early: SessionWork, counted: CountedWork
) -> None:
    early.begin("test", 0, SEGMENT, counted.work)
    await asyncio.sleep(0)
    task = early.take("test", 0, SEGMENT, counted.work)
    counted.done.set()
    assert await task == "result 1"
    assert counted.begun == 1


async def test_work_on_other_samples_of_the_utterance_is_cancelled(
    early: SessionWork, counted: CountedWork
) -> None:
    early.begin("test", 0, SEGMENT, counted.work)
    await asyncio.sleep(0)
    task = early.take("test", 0, OTHER, counted.work)
    counted.done.set()
    assert await task == "result 2"
    assert counted.cancelled == 1


async def test_work_on_another_utterance_is_not_disturbed(
    early: SessionWork, counted: CountedWork
) -> None:
    """A part of the utterance before is recognised anew while the next one is spoken."""
    early.begin("test", 1, SEGMENT, counted.work)
    await asyncio.sleep(0)
    counted.done.set()
    assert await early.take("test", 2, OTHER, counted.work) == "result 2"
    assert await early.take("test", 1, SEGMENT, counted.work) == "result 1"
    assert counted.begun == 2


async def test_text_and_voices_are_begun_and_cancelled_together(
    early: SessionWork, counted: CountedWork
) -> None:
    for name in ("text", "voices"):
        early.begin(name, 0, SEGMENT, counted.work)
    await asyncio.sleep(0)
    assert counted.begun == 2
    early.begin("text", 0, OTHER, counted.work)
    await asyncio.sleep(0)
    assert counted.cancelled == 2


async def test_without_an_idle_worker_nothing_is_begun_and_earlier_work_is_cancelled(
    counted: CountedWork,
) -> None:
    pool = FakePool()
    early = work_of(pool)
    early.begin("test", 0, SEGMENT, counted.work)
    await asyncio.sleep(0)
    pool.idle_workers = 0
    early.begin("test", 0, OTHER, counted.work)
    await asyncio.sleep(0)
    assert (counted.begun, counted.cancelled) == (1, 1)


async def test_begun_work_is_taken_only_once(early: SessionWork, counted: CountedWork) -> None:
    counted.done.set()
    early.begin("test", 0, SEGMENT, counted.work)
    assert await early.take("test", 0, SEGMENT, counted.work) == "result 1"
    assert await early.take("test", 0, SEGMENT, counted.work) == "result 2"


async def test_a_failure_gives_none_and_is_logged_by_its_type_alone() -> None:
    async def fail() -> str:
        raise ValueError("what somebody said")

    with capture_logs() as logs:
        assert await attempt("test", fail) is None
    assert [(entry["work"], entry["error"]) for entry in logs] == [("test", "ValueError")]
    assert "somebody" not in str(logs)


async def test_forgetting_twice_is_no_error(early: SessionWork, counted: CountedWork) -> None:
    early.begin("test", 0, SEGMENT, counted.work)
    await asyncio.sleep(0)
    early.forget()
    early.forget()
    await asyncio.sleep(0)
    assert counted.cancelled == 1


async def test_nothing_is_begun_early_where_nobody_waits(
    early: SessionWork, counted: CountedWork
) -> None:
    """If the speech goes on, that work would be lost."""
    early.is_patient = True
    early.begin("test", 0, SEGMENT, counted.work)
    await asyncio.sleep(0)
    assert counted.begun == 0
    counted.done.set()
    assert await early.take("test", 0, SEGMENT, counted.work) == "result 1"
