"""The charges of sessions for the workers: decay, shares, and dear sessions."""

from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.workers.charges import (
    HALF_LIFE_SECONDS,
    RECENT_SECONDS,
    STEP_SHARES,
    USE_HALF_LIFE_SECONDS,
    Account,
    Charges,
)
from hwaja.workers.overload import EXPENSIVE_FROM_SHARES

STEP_SECONDS = 1.0


def worked(charges: Charges, rates: dict[str, float], seconds: float) -> float:
    """Have each session take so much of the workers for so long; return when that ends."""
    steps = round(seconds / STEP_SECONDS)
    for step in range(1, steps + 1):
        for owner, rate in rates.items():
            charges.account(owner).charge(rate * STEP_SECONDS, step * STEP_SECONDS)
    return steps * STEP_SECONDS


def test_half_of_a_charge_is_forgotten_after_the_half_life() -> None:
    account = Account()
    account.charge(3.0, 100.0)
    account.charge(1.0, 100.0)
    once = account.rate(100.0)
    assert account.rate(100.0 + HALF_LIFE_SECONDS) == pytest.approx(once / 2)


def test_a_session_that_always_uses_one_worker_has_a_rate_of_one() -> None:
    charges = Charges(1)
    now = worked(charges, {"a": 1.0}, 20 * HALF_LIFE_SECONDS)
    assert charges.account("a").rate(now) == pytest.approx(1, rel=0.02)


def test_a_single_session_is_never_dear() -> None:
    charges = Charges(2)
    now = worked(charges, {"a": 2.0}, 600)
    assert charges.shares("a", now) < EXPENSIVE_FROM_SHARES


def test_a_session_with_two_shares_is_dear_and_the_others_are_not() -> None:
    charges = Charges(2)
    others = {f"o{number}": 0.16 for number in range(9)}
    now = worked(charges, {**others, "dear": 0.4}, 120)
    assert charges.shares("dear", now) >= EXPENSIVE_FROM_SHARES
    assert all(charges.shares(other, now) < 1 for other in others)


def test_a_session_is_no_longer_dear_once_its_charge_is_forgotten_or_nobody_else_waits() -> None:
    charges = Charges(1)
    now = worked(charges, {"a": 0.1, "b": 0.1, "c": 0.1, "dear": 0.6}, 120)
    assert charges.shares("dear", now) >= EXPENSIVE_FROM_SHARES
    assert charges.shares("dear", now + RECENT_SECONDS + 1) < EXPENSIVE_FROM_SHARES
    for owner in "abc":
        charges.account(owner).charge(0.1, now + 4 * HALF_LIFE_SECONDS)
    assert charges.shares("dear", now + 4 * HALF_LIFE_SECONDS) < EXPENSIVE_FROM_SHARES


def test_silent_sessions_do_not_reduce_the_share_of_others() -> None:
    charges = Charges(1)
    silent = {f"s{number}": 0.05 for number in range(10)}
    now = worked(charges, silent, 10)
    for step in range(1, 61):
        charges.account("speaks").charge(0.7, now + step)
    assert charges.shares("speaks", now + 60) < EXPENSIVE_FROM_SHARES


def test_a_session_that_left_is_forgotten_even_if_a_worker_still_has_its_job() -> None:
    charges = Charges(1)
    account = charges.account("gone")
    charges.leave("gone")
    account.charge(100.0, 1.0)
    charges.account("b").charge(0.01, 1.0)
    assert charges.shares("gone", 1.0) < EXPENSIVE_FROM_SHARES


@given(
    rates=st.lists(st.floats(0, 2), min_size=1, max_size=12),
    workers=st.integers(1, 4),
    seconds=st.integers(1, 200),
)
def test_the_next_session_is_the_first_within_one_step_of_the_least_charge(
    rates: list[float], workers: int, seconds: int
) -> None:
    charges = Charges(workers)
    by_owner = {str(number): rate for number, rate in enumerate(rates)}
    now = worked(charges, by_owner, seconds)
    charged = {owner: charges.account(owner).rate(now) for owner in by_owner}
    chosen = charges.cheapest(by_owner, now)
    step = STEP_SHARES * workers / len(rates)
    assert charged[chosen] < min(charged.values()) + step
    earlier = takewhile(lambda owner: owner != chosen, by_owner)
    assert all(charged[owner] > min(charged.values()) for owner in earlier)


def test_sessions_with_about_the_same_charge_take_turns() -> None:
    charges = Charges(1)
    now = worked(charges, {"a": 0.30, "b": 0.28, "c": 0.29}, 60)
    for turn in ("abc", "bca", "cab"):
        assert charges.cheapest(turn, now) == turn[0]


def test_the_use_of_the_workers_is_their_busy_share_of_late() -> None:
    charges = Charges(2)
    for second in range(60):
        charges.charge([charges.account("a"), charges.account("b")], 0.8, float(second))
    busy = charges.use(60.0)
    assert busy == pytest.approx(0.4, rel=0.1)
    assert charges.use(60.0 + 2 * USE_HALF_LIFE_SECONDS) == pytest.approx(busy / 4)
    charges.leave("a")
    assert charges.use(60.0) == busy  # what it used was used


def test_the_jobs_of_a_batch_share_its_time() -> None:
    charges = Charges(1)
    charges.charge([charges.account("a"), charges.account("a"), charges.account("b")], 3.0, 0.0)
    assert charges.account("a").rate(0.0) == pytest.approx(2 * charges.account("b").rate(0.0))


def test_a_clock_that_is_set_back_ends_no_worker() -> None:
    account = Account()
    account.charge(1.0, 1e9)
    account.charge(0.5, 0.0)
    assert account.rate(0.0) > 0


def test_the_workers_are_in_use_for_a_while_after_a_session_wanted_one() -> None:
    """Sessions that are ahead of real time do not count, also if they were live before."""
    charges = Charges(2)
    assert not charges.are_recent(0.0, without=())
    charges.want("speaks", 100.0)
    assert charges.are_recent(100.0 + RECENT_SECONDS, without=())
    assert not charges.are_recent(101.0 + RECENT_SECONDS, without=())
    charges.charge([charges.account("sends a file")], 0.3, 200.0)
    assert charges.are_recent(200.0, without=())
    assert not charges.are_recent(200.0, without={"sends a file"})
