"""An event loop on which time passes only by waiting for it, and then at once."""

import asyncio
from collections.abc import Coroutine
from selectors import SelectorKey


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._select = self._selector.select
        self._selector.select = self._skip

    def time(self) -> float:
        return self._now

    def _skip(self, timeout: float | None) -> list[tuple[SelectorKey, int]]:
        events = self._select(0)
        if not events:
            self._now += timeout or 0.0
        return events


def advance(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    """Have time pass as if the caller blocked the loop."""
    assert isinstance(loop, _Loop)
    loop._now += seconds


def run(work: Coroutine[None, None, None]) -> None:
    """Run what neither asks a socket nor another process for anything."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(work)
