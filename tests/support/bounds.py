"""How much memory a call takes, and whether it ends in time."""

import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def bounded(most_bytes: int, most_seconds: int = 10) -> Iterator[None]:
    """Fail where the block allocates more, or takes longer. For the main thread only."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"not done in {most_seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(most_seconds)
    tracemalloc.start()
    try:
        yield
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert peak_bytes <= most_bytes
