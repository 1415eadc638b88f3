"""When tokens begin, against the table of dynamic time warping filled in cell by cell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwaja.engines.alignment import _warp, first_frames


def worth(likeness: NDArray[np.float32], starts: list[int]) -> float:
    """What a path is worth that enters each token's row at its start, as well as it can.

    The row before is left in the same frame or in the one before, whichever is better.
    """
    tokens, frames = likeness.shape
    total = 0.0
    for token, start in enumerate(starts):
        end = starts[token + 1] if token + 1 < tokens else frames - 1
        to_end = float(likeness[token, start : end + 1].sum())
        stops_before = token + 1 < tokens and end > start
        before_end = to_end - float(likeness[token, end]) if stops_before else -np.inf
        total += max(to_end, before_end)
    return total


def best_worth(likeness: NDArray[np.float32]) -> float:
    tokens, frames = likeness.shape
    table = np.full((tokens + 1, frames + 1), -np.inf)
    table[0, 0] = 0
    for i in range(tokens):
        for t in range(frames):
            come_from = max(table[i, t], table[i, t + 1], table[i + 1, t])
            table[i + 1, t + 1] = likeness[i, t] + come_from
    return float(table[tokens, frames])


@given(tokens=st.integers(1, 6), frames=st.integers(1, 9), seed=st.integers(0, 10_000))
def test_the_path_has_the_lowest_cost_of_all_paths(tokens: int, frames: int, seed: int) -> None:
    shape = (tokens, frames)
    likeness = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    starts = _warp(likeness)
    assert len(starts) == tokens
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert worth(likeness, starts) == pytest.approx(best_worth(likeness), abs=1e-4)


def test_tokens_begin_where_their_attention_heads_look() -> None:
    """One head follows the speech, the other is random."""
    begins, frames = [0, 20, 30, 70], 100
    looks = np.zeros((2, len(begins), frames), np.float32)
    for token, (begin, end) in enumerate(zip(begins, [*begins[1:], frames], strict=True)):
        looks[0, token, begin:end] = 8
    looks[1] = np.random.default_rng(0).standard_normal(looks[1].shape)
    found = first_frames(looks)
    assert np.abs(np.subtract(found, begins)).max() <= 2


@pytest.mark.parametrize(("tokens", "frames"), [(1, 1), (1, 3), (5, 1), (3, 4), (2, 500)])
def test_any_number_of_tokens_and_frames_gets_times_within_the_audio(
    tokens: int, frames: int
) -> None:
    """This also holds if all attention weights are equal."""
    starts = first_frames(np.zeros((8, tokens, frames), np.float32))
    assert len(starts) == tokens
    assert all(0 <= start < frames for start in starts)
