"""Frees the reference cycles of ended connections.

A closed connection and its TLS object refer to each other. They keep the request, its address and
the last received bytes in memory until Python's cycle collector runs, which may be hours later.
"""

import asyncio
import ctypes
import gc
from weakref import WeakSet

from hwaja.privacy.small_arrays import overwrite_freed_arrays

SWEEP_SECONDS = 1.0
"""Delay between the end of a connection and the sweep. Connections that end meanwhile share it."""


def settle() -> None:
    """Exclude all existing objects (models, modules, settings) from later sweeps.

    A sweep blocks the event loop, even from a thread, since it holds the GIL. With ten sessions it
    takes 1 ms. It would take 35 ms if it visited all objects (bench/RESULTS.md).
    """
    gc.collect()
    gc.freeze()


class CycleCollector:
    """Runs Python's cycle collector soon after a request, at most once per `SWEEP_SECONDS`."""

    def __init__(self) -> None:
        self._wanted = asyncio.Event()
        self._leaving: WeakSet[object] = WeakSet()

    def request_sweep(self) -> None:
        """Request a sweep. Call it on the event loop."""
        self._wanted.set()

    def sweep_until_freed(self, leaving: object) -> None:
        """Request repeated sweeps until `leaving` is freed: it may still be referenced for a while.

        `leaving` is held by a weak reference. Call it on the event loop.
        """
        self._leaving.add(leaving)
        self.request_sweep()

    def cancel_sweeps(self, staying: object) -> None:
        """Cancel the repeated sweeps for `staying`, which remains in use."""
        self._leaving.discard(staying)

    async def run(self) -> None:
        """Sweep on request until cancelled. If a sweep raises, its request remains."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(SWEEP_SECONDS)
            gc.collect()
            overwrite_freed_arrays()
            _trim_heap()
            if not self._leaving:
                self._wanted.clear()


def _trim_heap() -> None:
    """Return freed memory to the system: glibc keeps it if a used block lies above it.

    A file that a client sent at once was 24 MiB. The call takes 0.1 ms per MiB, and almost no time
    if there is no memory to return.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
