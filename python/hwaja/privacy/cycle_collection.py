"""Frees what ended connections leave behind: objects that hold each other, and what they hold.

A closed connection and its TLS hold each other, and with them the request, its address and what
was received last, until Python's collector next looks for such circles: maybe hours later.
"""

import asyncio
import ctypes
import gc
from weakref import WeakSet

SWEEP_SECONDS = 1.0
"""How long after the end of a connection; those that end meanwhile share the sweep."""


def settle() -> None:
    """Take what is there for lasting, so that no sweep looks at it: models, modules, settings.

    A sweep holds up the event loop, also from a thread, since it keeps the GIL: with ten sessions
    for 1 ms, and for 35 ms if it looked at all that is there (bench/RESULTS.md).
    """
    gc.collect()
    gc.freeze()


class CycleCollector:
    """Sweeps a moment after it was told to, however often it was: at most once a moment."""

    def __init__(self) -> None:
        self._wanted = asyncio.Event()
        self._leaving: WeakSet[object] = WeakSet()

    def soon(self) -> None:
        """Have a sweep made soon; to be called on the event loop."""
        self._wanted.set()

    def sweep_until_gone(self, leaving: object) -> None:
        """Sweep soon, and again until something is gone that may be let go of a little later."""
        self._leaving.add(leaving)
        self.soon()

    def leave_alone(self, staying: object) -> None:
        """Sweep for it no more: it stays for now."""
        self._leaving.discard(staying)

    async def run(self) -> None:
        """Sweep when it is time to, until cancelled; a sweep that fails is still to be made."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(SWEEP_SECONDS)
            gc.collect()
            _give_back()
            if not self._leaving:
                self._wanted.clear()


def _give_back() -> None:
    """Return what was freed to the system: glibc keeps it where anything lies behind it.

    A file that was sent at once has been 24 MiB. It takes 0.1 ms for each MiB, and next to nothing
    where there is nothing to return.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
