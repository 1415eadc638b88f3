"""What is left out under load: in which order, and when it comes back."""

from hypothesis import given
from hypothesis import strategies as st

from hwaja.workers.overload import (
    BEGINS_AT_SECONDS,
    CALM_SECONDS,
    ENDS_BELOW,
    EXPENSIVE_FROM_SHARES,
    EXPENSIVE_TO_SHARES,
    DegradationLevel,
    Overload,
    SessionOverload,
)

PROMPT = 0.1
"""Seconds of lag: something is awaited, and not for long."""


def after(
    overload: Overload, lag_seconds: float, *, since: float, seconds: float
) -> list[DegradationLevel]:
    """What was left out on the way, while answers were so late for some time."""
    seen = [overload.level]
    for step in range(round(seconds * 10) + 1):
        overload.observe(lag_seconds, since + step / 10)
        if overload.level is not seen[-1]:
            seen.append(overload.level)
    return seen


def test_searches_narrow_first_then_interim_texts_stop_then_speaker_details_then_new_sessions() -> (
    None
):
    overload = Overload()
    seen = []
    for tenths in range(100):
        overload.observe(tenths / 10, tenths / 10)
        seen.append(overload.level)
    assert sorted(set(seen)) == list(DegradationLevel)
    assert seen == sorted(seen)


def test_degradation_ends_step_by_step_in_the_opposite_order() -> None:
    overload = Overload()
    overload.observe(60, 0)
    assert after(overload, PROMPT, since=1, seconds=6 * CALM_SECONDS) == list(
        reversed(DegradationLevel)
    )


def test_with_nothing_left_to_answer_degradation_ends_at_once() -> None:
    overload = Overload()
    overload.observe(60, 0)
    assert overload.observe(0, 0.5)
    assert overload.level is DegradationLevel.NOTHING
    assert not overload.observe(0, 1)


def test_degradation_does_not_switch_on_and_off_around_a_limit() -> None:
    """Answers that are just prompt enough not to begin it do not end it."""
    overload = Overload()
    limit = BEGINS_AT_SECONDS[DegradationLevel.INTERIMS]
    changes = sum(overload.observe(limit + 0.3 * (-1) ** step, step / 10) for step in range(1000))
    assert changes == 1
    assert overload.skips(DegradationLevel.INTERIMS)
    assert not overload.skips(DegradationLevel.SPEAKER_DETAILS)


def test_one_late_answer_during_calm_restarts_the_wait() -> None:
    overload = Overload()
    limit = BEGINS_AT_SECONDS[DegradationLevel.INTERIMS]
    overload.observe(limit, 0)
    after(overload, PROMPT, since=0, seconds=CALM_SECONDS - 1)
    overload.observe(ENDS_BELOW * limit, CALM_SECONDS - 0.5)
    calm = after(overload, PROMPT, since=CALM_SECONDS, seconds=CALM_SECONDS - 1)
    assert calm == [DegradationLevel.INTERIMS]


@given(lags=st.lists(st.floats(0, 100), max_size=200))
def test_calm_always_ends_the_degradation(lags: list[float]) -> None:
    overload = Overload()
    for second, lag_seconds in enumerate(lags):
        told = overload.level
        changed = overload.observe(lag_seconds, float(second))
        assert changed == (overload.level is not told)
    after(overload, PROMPT, since=len(lags), seconds=6 * CALM_SECONDS)
    assert overload.level is DegradationLevel.NOTHING


def test_a_session_skips_what_all_skip_and_what_its_own_lag_requires() -> None:
    of_all = Overload()
    late, prompt = SessionOverload(of_all), SessionOverload(of_all)
    late.observe(BEGINS_AT_SECONDS[DegradationLevel.SPEAKER_DETAILS], 0)
    prompt.observe(PROMPT, 0)
    assert late.skips(DegradationLevel.SPEAKER_DETAILS)
    assert not prompt.skips(DegradationLevel.INTERIMS)
    of_all.observe(BEGINS_AT_SECONDS[DegradationLevel.INTERIMS], 0)
    assert prompt.skips(DegradationLevel.INTERIMS)
    assert not prompt.skips(DegradationLevel.SPEAKER_DETAILS)


def test_the_lag_of_a_dear_session_does_not_count_for_others() -> None:
    session = SessionOverload(Overload())
    assert session.shared_lag_seconds(8, 10) == 8
    session.take_shares(EXPENSIVE_FROM_SHARES, 10)
    assert session.shared_lag_seconds(8, 10) == 0
    assert session.shared_lag_seconds(9, 11) == 1
    assert session.shared_lag_seconds(3, 30) == 3


def test_a_dear_session_stays_dear_while_it_has_a_full_share() -> None:
    """What it wants is not seen any more once it has only what the others leave."""
    session = SessionOverload(Overload())
    between = (EXPENSIVE_FROM_SHARES + EXPENSIVE_TO_SHARES) / 2
    session.take_shares(between, 0)
    assert not session.is_expensive
    for shares in (EXPENSIVE_FROM_SHARES, between, EXPENSIVE_TO_SHARES):
        session.take_shares(shares, 1)
        assert session.is_expensive
    session.take_shares(EXPENSIVE_TO_SHARES - 0.1, 2)
    assert not session.is_expensive
