"""Long-lived tasks restart after any fault, or end the process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest
import virtual_time
from structlog.testing import capture_logs

from hwaja.process.supervision import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MANY_FAULTS,
    WINDOW_SECONDS,
    Faults,
    repeat_in_thread,
    supervised,
)

SAID = "peer 192.0.2.7 said 900101"


class Work:
    """Raises the given errors in turn, and records the time of each call."""

    def __init__(self, errors: Iterable[Exception]) -> None:
        self.errors = list(errors)
        self.tried_at: list[float] = []

    async def __call__(self) -> None:
        self.do(asyncio.get_running_loop().time())

    def do(self, now: float) -> None:
        self.tried_at.append(now)
        if self.errors:
            raise self.errors.pop(0)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def begin() -> None:
        await work()

    virtual_time.run(begin())


@pytest.mark.parametrize("error", [RuntimeError(SAID), MemoryError(), OSError(11, SAID)])
def test_a_failed_task_is_logged_by_type_and_tried_again_after_a_pause(
    error: Exception,
) -> None:
    work = Work([error])
    with capture_logs() as log:
        run(lambda: supervised("sweeper", work))
    assert work.tried_at == [0, FIRST_PAUSE_SECONDS]
    (line,) = log
    assert (line["task"], line["error"]) == ("sweeper", type(error).__name__)
    assert SAID not in str(log)


def test_pauses_grow_up_to_a_limit_and_old_faults_do_not_count() -> None:
    faults = Faults(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, WINDOW_SECONDS)
    pauses = [faults.add(now) for now in range(MANY_FAULTS)]
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert set(pauses[7:]) == {LONGEST_PAUSE_SECONDS}
    assert faults.are_many
    later = MANY_FAULTS + WINDOW_SECONDS
    assert faults.add(later) == FIRST_PAUSE_SECONDS
    assert not faults.are_many


def test_after_a_success_pauses_begin_with_the_first_again() -> None:
    faults = Faults(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    for _ in range(3):
        faults.add(0.0)
    faults.clear()
    assert faults.count == 0
    assert faults.add(0.0) == FIRST_PAUSE_SECONDS


def test_an_essential_task_is_given_up_after_many_faults_in_a_short_time() -> None:
    given_up: list[tuple[str, float]] = []

    def give_up(name: str) -> None:
        given_up.append((name, asyncio.get_running_loop().time()))

    work = Work([RuntimeError()] * MANY_FAULTS)
    run(lambda: supervised("worker 0", work, give_up))
    ((name, after_seconds),) = given_up
    assert name == "worker 0"
    assert 100 < after_seconds < WINDOW_SECONDS


def test_a_dispensable_task_is_tried_for_ever() -> None:
    work = Work([RuntimeError()] * 3 * MANY_FAULTS)
    run(lambda: supervised("sweeper", work))
    assert len(work.tried_at) == 3 * MANY_FAULTS + 1


@pytest.mark.parametrize("errors", [[], [RuntimeError()]], ids=["at work", "in a pause"])
def test_a_supervised_task_ends_when_it_is_cancelled(errors: list[Exception]) -> None:
    async def cancelled() -> None:
        work = Work(errors)

        async def endless() -> None:
            await work()
            await asyncio.Event().wait()

        task = supervised("sweeper", endless)
        await asyncio.sleep(FIRST_PAUSE_SECONDS / 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(work.tried_at) == 1

    run(cancelled)


def test_a_cancelled_subtask_does_not_end_a_supervised_task() -> None:
    """The supervised task may await another task that is cancelled."""
    work = Work([])

    async def waits_for_another() -> None:
        await work()
        if len(work.tried_at) == 1:
            another = asyncio.get_running_loop().create_future()
            another.cancel()
            await another

    run(lambda: supervised("sweeper", waits_for_another))
    assert work.tried_at == [0, FIRST_PAUSE_SECONDS]


def test_a_supervised_thread_continues_after_faults_with_the_same_pauses() -> None:
    work, pauses = Work([RuntimeError(SAID), MemoryError()]), []
    with capture_logs() as log:
        repeat_in_thread("log", lambda: work.do(0), pauses.append)
    assert pauses == [0.5, 1]
    assert [line["error"] for line in log] == ["RuntimeError", "MemoryError"]
    assert SAID not in str(log)
