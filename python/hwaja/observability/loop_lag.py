"""Measures how late the event loop wakes. A blocked loop delays every client at once."""

import asyncio
from collections.abc import Callable

PERIOD_SECONDS = 0.1
"""Interval between two measurements. Each costs some microseconds."""


async def watch(observe: Callable[[float], None]) -> None:
    """Call `observe` every `PERIOD_SECONDS` with the lateness of the running loop, in seconds.

    Runs until it is cancelled.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PERIOD_SECONDS
        await asyncio.sleep(PERIOD_SECONDS)
        observe(loop.time() - due)
