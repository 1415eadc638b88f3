"""How late the event loop wakes, on a loop whose clock a test moves."""

from collections.abc import Callable
from typing import Any

from hwaja.loop_lag import PERIOD_SECONDS, watched


class Loop:
    """Keeps the one timer that was asked for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.cancelled = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[..., None], *args: Any) -> "Loop":
        self.due, self.call = when, lambda: call(*args)
        return self

    def cancel(self) -> None:
        self.cancelled += 1

    def wake(self, late_seconds: float) -> None:
        self.now = self.due + late_seconds
        self.call()


def test_the_loop_is_looked_at_again_and_again_and_a_late_look_does_not_delay_the_next_count() -> (
    None
):
    loop, seen = Loop(), []
    with watched(loop, seen.append):  # type: ignore[arg-type]
        for late_seconds in (0.0, 0.5, 0.0, 0.25):
            asked_at = loop.now
            assert loop.due == asked_at + PERIOD_SECONDS
            loop.wake(late_seconds)
        assert loop.cancelled == 0
    assert loop.cancelled == 1
    assert seen == [0.0, 0.5, 0.0, 0.25]
