"""How late the event loop wakes, on a loop whose clock a test moves."""

import asyncio

import pytest
import virtual_time

from hwaja.observability.loop_lag import PERIOD_SECONDS, watch


def test_the_lag_of_the_loop_is_measured_again_and_again_and_a_late_wake_does_not_add_up() -> None:
    seen: list[float] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        watching = asyncio.create_task(watch(seen.append))
        await asyncio.sleep(PERIOD_SECONDS / 2)
        for blocked_seconds in (0.0, 0.5, 0.0, 0.25):
            virtual_time.advance(loop, blocked_seconds and PERIOD_SECONDS / 2 + blocked_seconds)
            await asyncio.sleep(PERIOD_SECONDS / 2 if blocked_seconds else PERIOD_SECONDS)
        watching.cancel()

    virtual_time.run(watched())
    assert seen == pytest.approx([0.0, 0.5, 0.0, 0.25])
