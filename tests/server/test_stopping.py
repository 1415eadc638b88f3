"""The reasons to stop a server, and the exit code of each."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from loopback import PATIENCE_SECONDS
from structlog.testing import capture_logs

from hwaja.server.stopping import StopSignals


@pytest_asyncio.fixture
async def signals() -> AsyncIterator[StopSignals]:
    """The stop signals of this process. Its own handlers are restored after the test."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield StopSignals()
    for number, handler in handlers.items():
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, handler)


async def take(number: signal.Signals, event: asyncio.Event) -> None:
    os.kill(os.getpid(), number)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await event.wait()


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_stops_the_server_and_the_second_ends_the_wait_for_sessions(
    first: signal.Signals, signals: StopSignals
) -> None:
    await take(first, signals.stop)
    assert not signals.hurry.is_set()
    await take(signal.SIGTERM, signals.hurry)
    assert signals.exit_code == 0


async def test_a_task_that_fails_again_and_again_stops_the_server_with_exit_code_1(
    signals: StopSignals,
) -> None:
    with capture_logs() as log:
        signals.give_up("workers")
    assert (signals.stop.is_set(), signals.exit_code) == (True, 1)
    assert [(line["log_level"], line["task"]) for line in log] == [("critical", "workers")]


async def test_a_task_that_fails_while_the_server_stops_does_not_change_the_exit_code(
    signals: StopSignals,
) -> None:
    await take(signal.SIGTERM, signals.stop)
    signals.give_up("workers")
    assert signals.exit_code == 0


async def test_a_signal_cancels_the_start_of_the_server(signals: StopSignals) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def start() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return "started"

    starting = asyncio.create_task(signals.unless_stopped(start()))
    await begun.wait()
    await take(signal.SIGTERM, signals.stop)
    assert await starting is None
    assert cancelled.is_set()


async def test_without_a_signal_the_result_or_the_failure_of_the_start_is_passed_on(
    signals: StopSignals,
) -> None:
    async def start() -> str:
        return "started"

    async def fail() -> str:
        raise OSError("the port is in use")

    assert await signals.unless_stopped(start()) == "started"
    with pytest.raises(OSError, match="in use"):
        await signals.unless_stopped(fail())
