"""How late the event loop wakes: what blocks it delays every client at once."""

import asyncio
from collections.abc import Callable

PERIOD_SECONDS = 0.1
"""Between two looks; each costs some microseconds."""


async def watch(observe: Callable[[float], None]) -> None:
    """Tell `observe` again and again how many seconds late the running loop woke."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PERIOD_SECONDS
        await asyncio.sleep(PERIOD_SECONDS)
        observe(loop.time() - due)
