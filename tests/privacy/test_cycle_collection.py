"""The memory of ended sessions is freed soon, at a bounded cost."""

import asyncio
import gc
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from virtual_time import run

from hwaja.privacy.cycle_collection import SWEEP_SECONDS, CycleCollector, settle


class Circle:
    """A reference cycle, which only the cycle collector frees."""

    def __init__(self) -> None:
        self.itself = self


def sweeping() -> CycleCollector:
    """Return a collector that runs until the loop ends."""
    collector = CycleCollector()
    running.append(asyncio.create_task(collector.run()))
    return collector


running: list[asyncio.Task[None]] = []
"""References to the tasks: the loop itself keeps none."""


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def not_by_itself() -> Iterator[None]:
    """Python's cycle collector runs only on an explicit call."""
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()
    settle()  # as before the test, without what it has left


@pytest.mark.usefixtures("not_by_itself")
def test_a_sweep_frees_what_a_session_left_a_second_after_its_end() -> None:
    async def end() -> None:
        collector = sweeping()
        left = weakref.ref(Circle())
        collector.request_sweep()
        await asyncio.sleep(SWEEP_SECONDS / 2)
        collector.request_sweep()  # another session ends, and shares the sweep
        assert left() is not None
        await asyncio.sleep(SWEEP_SECONDS)
        assert left() is None

    run(end())


@pytest.mark.usefixtures("not_by_itself")
def test_sweeps_repeat_until_a_connection_is_freed_and_then_stop() -> None:
    """A connection reports its end before it is freed. After a failed handshake it never does."""

    async def end() -> None:
        collector, held = sweeping(), [Circle(), Circle()]
        left, stays = weakref.ref(held[0]), weakref.ref(held[1])
        for each in held:
            collector.sweep_until_freed(each)
        del each
        await asyncio.sleep(3.5 * SWEEP_SECONDS)
        collector.cancel_sweeps(held[1])
        del held[0]
        await asyncio.sleep(SWEEP_SECONDS)
        assert left() is None
        held.clear()
        await asyncio.sleep(10 * SWEEP_SECONDS)
        assert stays() is not None

    run(end())


@pytest.mark.usefixtures("not_by_itself")
def test_a_sweep_skips_all_objects_that_existed_when_serving_began() -> None:
    """A sweep blocks the event loop. Its time depends on sessions, not on models and modules."""
    lasting = [Circle() for _ in range(10_000)]
    settle()
    walked = sum(len(gc.get_objects(generation)) for generation in range(3))
    assert walked < len(lasting) / 10


@pytest.mark.alone  # other tests move the memory of the machine
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; glibc keeps what is freed")
def test_a_sweep_returns_the_memory_of_audio_to_the_system() -> None:
    async def end() -> None:
        collector = sweeping()
        collector.request_sweep()  # else the chunks may lie in what an earlier test has freed
        await asyncio.sleep(1.5 * SWEEP_SECONDS)
        before = resident_bytes()
        chunks = [bytearray(8192) for _ in range(8000)]
        lasting = [bytes(700) for _ in range(100)]  # lies above the chunks, and stays in use
        assert resident_bytes() - before > 48 << 20
        chunks.clear()
        collector.request_sweep()
        await asyncio.sleep(1.5 * SWEEP_SECONDS)
        assert resident_bytes() - before < 16 << 20
        assert lasting

    run(end())


@pytest.mark.parametrize("values", [1, 192, 255])
def test_a_sweep_overwrites_small_arrays_that_were_freed(values: int) -> None:
    """NumPy hands the memory out again as it is: that of a voice, for instance."""

    async def end() -> None:
        collector = sweeping()
        freed = [np.full(values, 0.25, np.float32) for _ in range(7)]
        del freed
        collector.request_sweep()
        await asyncio.sleep(2 * SWEEP_SECONDS)
        later = [np.empty(values, np.float32) for _ in range(7)]
        assert not any(0.25 in each for each in later)

    run(end())
