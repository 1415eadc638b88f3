"""Keeps going what the server needs for as long as it runs: a fault is logged, then tried again.

Where a task fails again and again without which nobody can be served, whoever started the process
is to start it anew. What a session has for itself is that session's matter.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from hwaja.privacy.error_redaction import describe

FIRST_PAUSE_SECONDS = 0.5
"""After a fault, before the next try; twice as long after each that follows."""

LONGEST_PAUSE_SECONDS = 30.0
"""The longest pause: the time in which what was short, as memory or processes, is there again."""

MANY_FAULTS = 10
"""So many in `WINDOW_SECONDS` are no accident: they take two and a half minutes at least."""

WINDOW_SECONDS = 600.0
"""After so long a fault is forgotten."""

WhenHopeless = Callable[[str], None]
"""Told the name of a task that fails again and again, each time that it fails once more."""

_log = structlog.get_logger("hwaja.process.supervision")


class Faults:
    """The last faults of one task; no clock."""

    def __init__(self) -> None:
        self._at_seconds: deque[float] = deque(maxlen=MANY_FAULTS)

    def add(self, now: float) -> float:
        """Count a fault at `now`, in seconds of a monotonic clock; return the pause in seconds."""
        self._at_seconds.append(now)
        while self._at_seconds[0] <= now - WINDOW_SECONDS:
            self._at_seconds.popleft()
        doubled = FIRST_PAUSE_SECONDS * 2.0 ** (len(self._at_seconds) - 1)
        return min(doubled, LONGEST_PAUSE_SECONDS)

    @property
    def are_many(self) -> bool:
        """Whether trying again is without hope."""
        return len(self._at_seconds) == MANY_FAULTS


def supervised(
    name: str, work: Callable[[], Awaitable[None]], when_hopeless: WhenHopeless | None = None
) -> asyncio.Task[None]:
    """Begin work that goes on until it returns or the task is cancelled, whatever fails in it.

    Args:
        name: of the task; the log and the table in docs/reliability.md have it.
        work: called again after each fault and its pause.
        when_hopeless: told where the server cannot be without it; else it is tried for ever.

    """
    return asyncio.create_task(_keep_going(name, work, when_hopeless), name=name)


async def _keep_going(
    name: str, work: Callable[[], Awaitable[None]], when_hopeless: WhenHopeless | None
) -> None:
    faults = Faults()
    while True:
        try:
            return await work()
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            pause_seconds = _noted(name, error, faults, asyncio.get_running_loop().time())
        if faults.are_many and when_hopeless is not None:
            when_hopeless(name)
        await asyncio.sleep(pause_seconds)


def _is_cancelled() -> bool:
    """Say whether the running task is, and not only something that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def keep_going(
    name: str, work: Callable[[], None], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Do work in the thread that calls, until it returns, whatever fails in it."""
    faults = Faults()
    while True:
        try:
            return work()
        except Exception as error:
            pause_seconds = _noted(name, error, faults, time.monotonic())
        sleep(pause_seconds)


def _noted(name: str, error: BaseException, faults: Faults, now: float) -> float:
    """Log a fault by its type and place; return the pause that follows, in seconds."""
    pause_seconds = faults.add(now)
    _log.error("failed, tried again", task=name, pause_seconds=pause_seconds, **describe(error))
    return pause_seconds
