"""Reasons to stop a server: SIGINT, SIGTERM, or a task that fails again and again.

A second signal makes the server stop without waiting for its sessions.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from hwaja.server.signals import on_signal

Result = TypeVar("Result")

_log = structlog.get_logger("hwaja.server.stopping")


class StopSignals:
    """Records SIGINT and SIGTERM from its creation on."""

    def __init__(self) -> None:
        """Handle the signals from now on; call it in the event loop."""
        self.stop = asyncio.Event()
        """Set by the first signal."""
        self.hurry = asyncio.Event()
        """Set by the second signal: do not wait for sessions that drain."""
        self.exit_code = 0
        """The exit code for the process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            on_signal(number, self._take)

    def give_up(self, task: str) -> None:
        """Stop the server because a task that it needs fails again and again."""
        if not self.stop.is_set():
            _log.critical("cannot go on, ending to be started again", task=task)
            self.exit_code = 1
            self.stop.set()

    async def unless_stopped(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        """Return the result of `work`; on a signal, cancel it and return None."""
        working, stopped = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()  # no effect on a task that is done
            stopped.cancel()
            await asyncio.gather(working, stopped, return_exceptions=True)
        return None if working.cancelled() else working.result()

    def _take(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        else:
            _log.info("stopping")
            self.stop.set()


async def first_of(timeout_seconds: float, *waiting: Coroutine[Any, Any, object]) -> None:
    """Wait until one of these has ended, or the timeout."""
    waits = [asyncio.ensure_future(each) for each in waiting]
    await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
