"""The token bucket: the allowed burst and rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.server.access.token_bucket import TokenBucket


def test_a_burst_passes_at_once_and_the_rest_at_the_steady_rate() -> None:
    bucket = TokenBucket(per_second=10, burst=5)
    assert [bucket.take(1, now=100) for _ in range(5)] == [0] * 5
    assert bucket.take(1, now=100) == pytest.approx(0.1)
    assert bucket.take(2, now=100) == pytest.approx(0.3)


def test_a_rest_refills_the_bucket_up_to_the_burst() -> None:
    bucket = TokenBucket(per_second=10, burst=5)
    bucket.take(5, now=0)
    assert bucket.take(1, now=0.2) == 0
    assert bucket.take(5, now=1000) == 0
    assert bucket.take(1, now=1000) == pytest.approx(0.1)


amounts = st.floats(0, 100)
pauses = st.floats(0, 10)


@given(st.lists(st.tuples(amounts, pauses)), st.floats(0.1, 100), st.floats(0, 100))
def test_a_sender_that_waits_as_asked_never_exceeds_burst_and_rate(
    taken: list[tuple[float, float]], per_second: float, burst: float
) -> None:
    """Over any stretch that ends now: the model is the sum of all that was taken in it."""
    bucket = TokenBucket(per_second, burst)
    now = 0.0
    passed: list[tuple[float, float]] = []
    for amount, pause in taken:
        now += pause
        now += bucket.take(amount, now)
        passed.append((now, amount))
        for began, _ in passed:
            within = sum(each for at, each in passed if at >= began)
            first = next(each for at, each in passed if at >= began)
            assert within - first <= burst + (now - began) * per_second + first + 1e-6


@given(st.lists(st.floats(0.01, 1)), st.floats(1, 100))
def test_a_sender_at_the_rate_never_waits(pauses: list[float], per_second: float) -> None:
    bucket, now = TokenBucket(per_second, burst=1), 0.0
    for pause in pauses:
        now += pause
        assert bucket.take(min(1.0, pause * per_second), now) == pytest.approx(0, abs=1e-9)
