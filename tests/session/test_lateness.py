"""When a client is told that its answers are late."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hwaja.session.lateness import (
    CALM_SECONDS,
    LATE_FROM_SECONDS,
    PROMPT_BELOW_SECONDS,
    Lateness,
)


def reported(lags: list[float], step_seconds: float = 0.5) -> list[float]:
    lateness = Lateness()
    found = (lateness.observe(lag, step_seconds * k) for k, lag in enumerate(lags))
    return [each for each in found if each is not None]


def test_a_growing_lag_is_reported_each_time_it_has_doubled() -> None:
    assert reported([0.5 * k for k in range(20)]) == [2.0, 4.0, 8.0]


def test_the_end_is_reported_once_after_some_seconds_of_prompt_answers() -> None:
    calm = round(CALM_SECONDS / 0.5) + 1
    assert reported([3.0, *[0.0] * (calm - 1), 0.9]) == [3.0, 0.0]
    assert reported([3.0, *[0.0] * (calm - 2), 1.1]) == [3.0]
    assert reported([3.0, *[0.0] * 100, 3.0, 3.0]) == [3.0, 0.0, 3.0]


def test_prompt_answers_are_not_reported() -> None:
    assert reported([0.0, 1.9, 0.0, 1.9] * 20) == []


@given(st.lists(st.floats(0, 60), max_size=200))
def test_reports_alternate_between_late_and_prompt_and_are_no_flood(lags: list[float]) -> None:
    found = reported(lags)
    assert found[:1] == [] or found[0] >= LATE_FROM_SECONDS
    for before, now in itertools.pairwise(found):
        assert now == 0.0 or before == 0.0 or now >= 2 * before
        assert not (now == before == 0.0)
    assert len(found) <= 6 * (1 + 0.5 * len(lags) / CALM_SECONDS)
    assert PROMPT_BELOW_SECONDS < LATE_FROM_SECONDS
