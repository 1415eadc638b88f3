"""Frees what ended sessions leave behind: objects that hold each other, and what they hold.

A closed connection and its TLS hold each other, and with them the request, its address and what
was received last, until Python's collector next looks for such circles: maybe hours later.
"""

import asyncio
import gc

SWEEP_SECONDS = 1.0
"""How long after the end of a session; those that end meanwhile share the sweep."""


def settle() -> None:
    """Take what is there for lasting, so that no sweep looks at it: models, modules, settings.

    A sweep holds up the event loop, also from a thread, since it keeps the GIL: with ten sessions
    for 1 ms, and for 35 ms if it looked at all that is there (bench/RESULTS.md).
    """
    gc.collect()
    gc.freeze()


class Sweeper:
    """Sweeps a moment after it was told to, however often it was."""

    def __init__(self) -> None:
        self._due: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Have a sweep made soon; to be called on the event loop."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._due = None
        gc.collect()
