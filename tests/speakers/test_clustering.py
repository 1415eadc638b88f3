"""Groups of embeddings, which are of voices that nobody knows."""

import numpy as np
import pytest

from hwaja.speakers.clustering import refitted
from hwaja.speakers.voices import Rows

ONE, OTHER = np.eye(4, dtype=np.float32)[:2]


def rows(*shares: float) -> Rows:
    """Return embeddings with so much of one voice, and the rest of the other."""
    return np.stack([share * ONE + (1 - share) * OTHER for share in shares])


def test_a_piece_that_was_joined_to_the_wrong_voice_moves_to_the_right_one() -> None:
    voices = rows(1.0, 0.9, 0.2, 0.0, 0.1)
    assert refitted(voices, np.ones(5), [0, 0, 0, 3, 3]) == [0, 0, 3, 3, 3]


def test_a_piece_is_not_held_by_its_own_share_of_the_mean() -> None:
    """However long it is: only the others tell whose it is."""
    voices = rows(0.0, 0.9, 1.0, 0.1, 0.0)
    long = np.array([1.0, 1.0, 1.0, 9.0, 1.0])
    assert refitted(voices, long, [0, 1, 1, 1, 0]) == [0, 1, 1, 0, 0]


def test_a_voice_with_one_piece_stays_a_voice() -> None:
    assert refitted(rows(1.0, 0.9, 0.6), np.ones(3), [0, 0, 2]) == [0, 0, 2]


def test_known_voices_stay_apart_whatever_is_near_to_them() -> None:
    voices = rows(0.9, 0.1, 1.0, 1.0, 1.0)
    assert refitted(voices, np.ones(5), [0, 1, 1, 1, 0], apart=2) == [0, 1, 0, 0, 0]


def test_an_embedding_without_direction_is_an_error() -> None:
    with pytest.raises(ValueError, match="direction"):
        refitted(np.zeros((2, 4), np.float32), np.ones(2), [0, 1])
