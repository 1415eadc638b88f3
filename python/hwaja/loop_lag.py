"""How late the event loop wakes: what blocks it delays every client at once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PERIOD_SECONDS = 0.1
"""Between two looks; each costs some microseconds."""


@contextmanager
def watched(loop: asyncio.AbstractEventLoop, observe: Callable[[float], None]) -> Iterator[None]:
    """Tell `observe` again and again, until the block ends, how many seconds late `loop` woke."""
    timer: asyncio.TimerHandle

    def look(due: float) -> None:
        now = loop.time()
        observe(now - due)
        wait_from(now)

    def wait_from(now: float) -> None:
        nonlocal timer
        due = now + PERIOD_SECONDS
        timer = loop.call_at(due, look, due)

    wait_from(loop.time())
    try:
        yield
    finally:
        timer.cancel()
