"""Work that is begun before it is asked for."""

import asyncio

import pytest
from structlog.testing import capture_logs

from hwaja.workers.speculation import Speculative


class Desk:
    """Work that ends when it is told to, and how often it was begun."""

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


@pytest.fixture
def slot() -> Desk:
    return Desk()


async def test_work_that_was_begun_is_taken_and_not_done_twice(slot: Desk) -> None:
    early: Speculative[str] = Speculative("test")
    early.begin(10, 20, slot.work)
    await asyncio.sleep(0)
    task = early.take(10, 20, slot.work)
    slot.done.set()
    assert await task == "result 1"
    assert slot.begun == 1


@pytest.mark.parametrize("span", [(10, 21), (9, 20)])
async def test_work_on_other_samples_is_given_up(span: tuple[int, int], slot: Desk) -> None:
    early: Speculative[str] = Speculative("test")
    early.begin(10, 20, slot.work)
    await asyncio.sleep(0)
    task = early.take(*span, slot.work)
    slot.done.set()
    assert await task == "result 2"
    assert slot.cancelled == 1


async def test_what_is_taken_is_taken_once(slot: Desk) -> None:
    early: Speculative[str] = Speculative("test")
    slot.done.set()
    early.begin(10, 20, slot.work)
    assert await early.take(10, 20, slot.work) == "result 1"
    assert await early.take(10, 20, slot.work) == "result 2"


async def test_a_failure_ends_in_none_and_is_logged_by_its_type_alone() -> None:
    async def fail() -> str:
        raise ValueError("what somebody said")

    with capture_logs() as logs:
        assert await Speculative[str]("test").take(0, 1, fail) is None
    assert [(entry["work"], entry["error"]) for entry in logs] == [("test", "ValueError")]
    assert "somebody" not in str(logs)


async def test_forgetting_twice_is_no_error(slot: Desk) -> None:
    early: Speculative[str] = Speculative("test")
    early.begin(10, 20, slot.work)
    await asyncio.sleep(0)
    early.forget()
    early.forget()
    await asyncio.sleep(0)
    assert slot.cancelled == 1
