"""The cohort: voices of people outside the conversation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.speakers.voices import NEAREST, Cohort


def test_the_shipped_cohort_has_voices_of_the_speaker_model() -> None:
    """They are unit vectors of 192 numbers, so their nearness to each other is a cosine."""
    rows = np.eye(192, dtype=np.float32)
    sides = Cohort.load().nearness(np.concatenate([rows, -rows]))
    assert sides.shape == (384,)
    assert np.isfinite(sides).all()
    assert np.abs(sides).max() < 1
    assert np.abs(sides).max() > 0.05, "the voices are nowhere"


def test_a_cohort_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        Cohort(np.eye(NEAREST - 1, dtype=np.float32))


def test_only_the_nearest_voices_count() -> None:
    near, far = np.array([0.6, 0.8, 0]), np.array([0, 0, 1])
    cohort = Cohort(np.array([far] * 50 + [near] * NEAREST + [-near] * 50, np.float32))
    rows = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    assert cohort.nearness(rows) == pytest.approx([0.6, 0.8, 1.0])


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_voices_and_of_the_rows_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    voices = random.standard_normal((3 * NEAREST, 5)).astype(np.float32)
    voices /= np.linalg.norm(voices, axis=1, keepdims=True)
    rows = voices[:7]
    shuffled = Cohort(random.permutation(voices)).nearness(rows[::-1])
    np.testing.assert_allclose(shuffled[::-1], Cohort(voices).nearness(rows), atol=1e-6)
