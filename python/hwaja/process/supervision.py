"""Restarts the server's long-lived tasks after a fault. Each fault is logged.

If an essential task fails repeatedly, the process should end, and its supervisor should restart it.
The tasks of a single session are not supervised here: each session handles its own faults.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from hwaja.privacy.error_redaction import describe

FIRST_PAUSE_SECONDS = 0.5
"""Pause after the first fault. It doubles after each further fault."""

LONGEST_PAUSE_SECONDS = 30.0
"""Longest pause: time enough for a lack of memory or processes to pass."""

MANY_FAULTS = 10
"""So many faults within `WINDOW_SECONDS` are persistent. They take at least 2.5 minutes."""

WINDOW_SECONDS = 600.0
"""A fault is forgotten after this time."""

Escalate = Callable[[str], None]
"""Called with the name of a task at each fault, once its faults are persistent."""

_log = structlog.get_logger("hwaja.process.supervision")


class Faults:
    """The last faults of one task, and the pause after each. The caller passes the time."""

    def __init__(
        self,
        first_pause_seconds: float,
        longest_pause_seconds: float,
        window_seconds: float = math.inf,
    ) -> None:
        """Create it without a fault.

        Args:
            first_pause_seconds: pause after the first fault. It doubles after each further fault.
            longest_pause_seconds: limit of the pause.
            window_seconds: a fault is forgotten after this time.

        """
        self._first_pause_seconds = first_pause_seconds
        self._longest_pause_seconds = longest_pause_seconds
        self._window_seconds = window_seconds
        self._at_seconds: deque[float] = deque(maxlen=MANY_FAULTS)

    def add(self, now: float) -> float:
        """Count a fault at `now`, in seconds of a monotonic clock. Return the pause in seconds."""
        self._at_seconds.append(now)
        while self._at_seconds[0] <= now - self._window_seconds:
            self._at_seconds.popleft()
        doubled = self._first_pause_seconds * 2.0 ** (self.count - 1)
        return min(doubled, self._longest_pause_seconds)

    def clear(self) -> None:
        """Forget all faults, because the task has succeeded."""
        self._at_seconds.clear()

    @property
    def count(self) -> int:
        """Number of faults that are not forgotten, at most `MANY_FAULTS`."""
        return len(self._at_seconds)

    @property
    def are_many(self) -> bool:
        """Whether the faults are persistent."""
        return self.count == MANY_FAULTS


def supervised(
    name: str, work: Callable[[], Awaitable[None]], escalate: Escalate | None = None
) -> asyncio.Task[None]:
    """Start a task that calls `work` until it returns or the task is cancelled, despite faults.

    The task calls `work` again after every fault, persistent faults included.

    Args:
        name: name of the task in the log and in the table of docs/reliability.md.
        work: an async function; a pause precedes each repeated call.
        escalate: called after persistent faults of an essential task. None: the task is not
            essential.

    """
    return asyncio.create_task(_repeat(name, work, escalate), name=name)


async def _repeat(
    name: str, work: Callable[[], Awaitable[None]], escalate: Escalate | None
) -> None:
    faults = Faults(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, WINDOW_SECONDS)
    while True:
        try:
            return await work()
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            pause_seconds = _log_fault(name, error, faults, asyncio.get_running_loop().time())
        if faults.are_many and escalate is not None:
            escalate(name)
        await asyncio.sleep(pause_seconds)


def _is_cancelled() -> bool:
    """Return whether the running task itself is cancelled, not only a task that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def repeat_in_thread(
    name: str, work: Callable[[], None], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Call `work` in the calling thread until it returns, despite faults."""
    faults = Faults(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, WINDOW_SECONDS)
    while True:
        try:
            return work()
        except Exception as error:
            pause_seconds = _log_fault(name, error, faults, time.monotonic())
        sleep(pause_seconds)


def _log_fault(name: str, error: BaseException, faults: Faults, now: float) -> float:
    """Log a fault by its type and place. Return the pause before the next call, in seconds."""
    pause_seconds = faults.add(now)
    _log.error("failed, tried again", task=name, pause_seconds=pause_seconds, **describe(error))
    return pause_seconds
