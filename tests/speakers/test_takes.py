"""Combination of several takes into one voice."""

import math

import numpy as np
import pytest

from hwaja.engines.interface import Embedding
from hwaja.speakers.voices import PooledVoice, cosine, pool, similarity


def embedding(*values: float) -> Embedding:
    return np.array(values, np.float32)


def test_a_longer_take_has_more_weight_and_a_louder_one_does_not() -> None:
    first = pool(None, embedding(100, 0), speech_seconds=3)
    both = pool(first, embedding(0, 0.1), speech_seconds=1)
    assert both.voice == pytest.approx([0.75, 0.25])
    assert (both.speech_seconds, both.takes) == (4, 2)


def test_the_order_of_takes_does_not_matter() -> None:
    takes = [(embedding(1, 0, 0), 2.0), (embedding(0, 1, 0), 3.0), (embedding(0, 0, 1), 4.0)]
    forth = back = None
    for voice, seconds in takes:
        forth = pool(forth, voice, seconds)
    for voice, seconds in reversed(takes):
        back = pool(back, voice, seconds)
    assert forth is not None
    assert back is not None
    np.testing.assert_allclose(forth.voice, back.voice, rtol=1e-6)


def test_pooling_leaves_its_input_unchanged() -> None:
    """The take may be refused later."""
    first, second = pool(None, embedding(1, 0), 3), embedding(0, 2)
    pool(first, second, 3)
    assert (first.voice.tolist(), second.tolist()) == ([1, 0], [0, 2])


@pytest.mark.parametrize(("seconds", "measured"), [(3, 0.73), (5, 0.81), (14, 0.92)])
def test_one_person_has_the_same_similarity_in_short_and_long_takes(
    seconds: float, measured: float
) -> None:
    """The cosines are medians of real takes of one person (bench/RESULTS.md)."""
    takes = [voice_at(angle, seconds) for angle in (0, math.acos(measured))]
    assert similarity(*takes) == pytest.approx(0.95, abs=0.03)


def test_a_similarity_is_at_most_1_and_that_of_opposite_voices_at_least_minus_1() -> None:
    assert similarity(voice_at(0, 2), voice_at(0.1, 2)) == 1
    assert similarity(voice_at(0, 2), voice_at(math.pi, 2)) == -1


def test_each_voice_corrects_the_similarity_by_its_own_length() -> None:
    short, long = voice_at(0, 2), voice_at(1, 20)
    assert similarity(short, long) == similarity(long, short)
    assert similarity(voice_at(1, 20), voice_at(0, 20)) < similarity(short, long) < 1


def voice_at(angle: float, seconds: float) -> PooledVoice:
    return pool(None, embedding(math.cos(angle), math.sin(angle)), seconds)


@pytest.mark.parametrize("values", [(0, 0), (float("nan"), 1), (float("inf"), 1)])
def test_an_embedding_without_direction_is_refused(values: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no direction"):
        pool(None, embedding(*values), 3)
    with pytest.raises(ValueError, match="no direction"):
        cosine(embedding(1, 0), embedding(*values))
