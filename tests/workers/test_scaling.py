"""How many workers a pool has: more under load, fewer when it is over."""

import math
from dataclasses import replace

import pytest

from hwaja.workers.scaling import GROW_SECONDS, QUEUE_SECONDS, SHRINK_SECONDS, Load, Scaling

CALM = Load(workers=2, queue_seconds=0.0, lag_seconds=0.0, use=0.1)
USUAL = replace(CALM, use=0.5)


def changes(load: Load, seconds: float, scaling: Scaling, begin: float = 0.0) -> list[float]:
    """When the number of workers changes, with each change: -3.0 is one worker less after 3 s.

    The load stays the same, but for the number of workers.
    """
    found = []
    for second in range(math.ceil(seconds) + 1):
        change = scaling.change(load, begin + second)
        load = replace(load, workers=load.workers + change)
        if change:
            found.append(math.copysign(second, change))
    return found


@pytest.mark.parametrize(
    "load",
    [
        replace(CALM, lag_seconds=1.0),
        replace(CALM, queue_seconds=2 * QUEUE_SECONDS),
        replace(CALM, use=0.6),
    ],
    ids=["late", "queued", "busy"],
)
def test_a_pool_grows_as_long_as_the_load_is_high_up_to_its_limit(load: Load) -> None:
    load = replace(load, queue_seconds=10 * load.queue_seconds)
    assert changes(load, 60, Scaling(1, 4)) == [GROW_SECONDS, 2 * GROW_SECONDS]


def test_a_short_peak_changes_nothing() -> None:
    scaling = Scaling(1, 4)
    high = replace(CALM, lag_seconds=3.0)
    assert changes(high, GROW_SECONDS - 1, scaling) == []
    assert changes(USUAL, 1, scaling, GROW_SECONDS) == []
    assert changes(high, GROW_SECONDS - 1, scaling, GROW_SECONDS + 2) == []


def test_a_pool_shrinks_late_and_down_to_its_limit() -> None:
    calm = replace(CALM, workers=3, use=0.0)
    assert changes(calm, 10 * SHRINK_SECONDS, Scaling(1, 4)) == [
        -SHRINK_SECONDS,
        -2 * SHRINK_SECONDS,
    ]


@pytest.mark.parametrize(
    "load",
    [USUAL, replace(CALM, lag_seconds=0.6), replace(CALM, queue_seconds=2.5)],
    ids=["usual", "rather late", "queued"],
)
def test_a_pool_of_the_right_number_keeps_it(load: Load) -> None:
    assert changes(load, 10 * SHRINK_SECONDS, Scaling(1, 4)) == []


def test_no_load_makes_a_pool_swing() -> None:
    """What one worker less would make high is not low."""
    for workers in range(2, 20):
        for percent in range(100):
            load = Load(workers, 0.0, 0.0, percent / 100)
            fewer = replace(load, workers=workers - 1, use=load.use * workers / (workers - 1))
            assert not (load.is_low and fewer.is_high)
