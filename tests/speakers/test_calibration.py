"""The evidence of a difference between scores."""

from itertools import pairwise
from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.speakers.parts import (
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    evidence_per_score,
    probabilities,
)

evidences = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


def test_more_speech_gives_a_score_more_weight() -> None:
    seconds = [SHORTEST_SECONDS + k * 0.1 for k in range(26)]
    worth = [evidence_per_score(one) for one in seconds]
    assert all(0 < less < more for less, more in pairwise(worth))


@pytest.mark.parametrize(
    ("seconds", "end"), [(0.0, SHORTEST_SECONDS), (0.1, SHORTEST_SECONDS), (60, LONGEST_SECONDS)]
)
def test_lengths_that_were_not_measured_use_the_nearest_measured_one(
    seconds: float, end: float
) -> None:
    assert evidence_per_score(seconds) == evidence_per_score(end)


@given(evidences)
def test_probabilities_add_up_to_1_and_keep_the_order_of_the_evidence(
    evidence: list[float],
) -> None:
    likely = probabilities(evidence)
    assert sum(likely) == pytest.approx(1)
    for one, first in zip(evidence, likely, strict=True):
        for other, second in zip(evidence, likely, strict=True):
            assert one > other or first <= second


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_evidence_is_the_natural_logarithm_of_the_odds(one: float, other: float) -> None:
    first, second = probabilities((one, other))
    assert log(first / second) == pytest.approx(one - other, abs=1e-6)


def test_a_voice_without_evidence_has_no_probability() -> None:
    assert probabilities((0.0, -inf)) == (1.0, 0.0)
