"""Whose voice it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engine import Embedding
from hwaja.speakers import Voices


def embedding(*values: float) -> Embedding:
    return np.array(values, np.float32)


def two_voices() -> Voices:
    voices = Voices()
    voices.enrol(0, embedding(1, 0, 0))
    voices.enrol(1, embedding(0, 1, 0))
    return voices


def test_the_nearest_voice_is_named_with_the_cosine_to_each() -> None:
    decision = two_voices().decide(embedding(3, 4, 0))
    assert decision.speaker_id == 1
    assert decision.scores == pytest.approx((0.6, 0.8))


def test_scores_are_in_the_order_of_the_speakers_whoever_enrolled_first() -> None:
    voices = Voices()
    voices.enrol(1, embedding(0, 1))
    voices.enrol(0, embedding(1, 0))
    assert voices.decide(embedding(1, 0)).scores == pytest.approx((1.0, 0.0))


def test_a_voice_far_from_both_is_still_given_to_the_nearer() -> None:
    """No absolute threshold: none holds over rooms and corpora."""
    decision = two_voices().decide(embedding(-0.1, -0.2, 5))
    assert decision.speaker_id == 0
    assert max(decision.scores) < 0


def test_how_loud_a_voice_is_does_not_matter() -> None:
    quiet = two_voices().decide(embedding(0.003, 0.004, 0))
    loud = two_voices().decide(embedding(300, 400, 0))
    assert quiet.scores == pytest.approx(loud.scores)


def test_enrolling_again_replaces_the_voice() -> None:
    voices = two_voices()
    voices.enrol(0, embedding(0, 0, 1))
    assert voices.decide(embedding(0, 0, 1)).speaker_id == 0
    assert voices.decide(embedding(1, 0, 0)).scores == pytest.approx((0.0, 0.0))


@pytest.mark.parametrize("values", [(0, 0, 0), (float("nan"), 1, 0), (float("inf"), 1, 0)])
def test_an_embedding_without_direction_is_refused_and_changes_nothing(
    values: tuple[float, ...],
) -> None:
    voices = two_voices()
    with pytest.raises(ValueError, match="no direction"):
        voices.enrol(0, embedding(*values))
    with pytest.raises(ValueError, match="no direction"):
        voices.decide(embedding(*values))
    assert voices.decide(embedding(1, 0, 0)).scores == pytest.approx((1.0, 0.0))


def test_nobody_is_named_before_a_voice_is_enrolled() -> None:
    with pytest.raises(ValueError, match="no voice"):
        Voices().decide(embedding(1, 0))


def test_the_embedding_that_was_handed_in_may_be_overwritten() -> None:
    voices = Voices()
    mine = embedding(1, 0)
    voices.enrol(0, mine)
    mine.fill(0)
    assert voices.decide(embedding(1, 0)).scores == pytest.approx((1.0,))


def test_what_is_forgotten_is_gone() -> None:
    voices = two_voices()
    voices.forget()
    with pytest.raises(ValueError, match="no voice"):
        voices.decide(embedding(1, 0, 0))
    voices.forget()  # twice is once


def test_a_forgotten_voice_is_overwritten_not_only_dropped() -> None:
    voices = two_voices()
    kept = list(voices._centroids.values())
    voices.enrol(0, embedding(0, 0, 1))
    assert [voice.any() for voice in kept] == [False, True]
    voices.forget()
    assert [voice.any() for voice in kept] == [False, False]


def test_labelling_does_not_change_a_voice() -> None:
    """Voices that follow what they labelled drift."""
    voices = two_voices()
    before = voices.decide(embedding(1, 0, 0))
    for _ in range(100):
        voices.decide(embedding(3, 2.9, 1))
    assert voices.decide(embedding(1, 0, 0)) == before


vectors = st.lists(st.floats(-20, 20, width=32), min_size=6, max_size=6).filter(
    lambda values: max(map(abs, values)) > 0.01
)


@given(vectors, vectors, vectors)
def test_scores_are_cosines_and_the_highest_is_named(
    first: list[float], second: list[float], heard: list[float]
) -> None:
    voices = Voices()
    voices.enrol(0, embedding(*first))
    voices.enrol(1, embedding(*second))
    decision = voices.decide(embedding(*heard))
    assert all(-1 <= score <= 1 for score in decision.scores)
    assert decision.scores[decision.speaker_id] == max(decision.scores)
    exact = np.dot(first, heard) / (np.linalg.norm(first) * np.linalg.norm(heard))
    assert decision.scores[0] == pytest.approx(exact, abs=1e-5)
