"""Turns inside an utterance: the best path through its windows."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.diarize import CHANGE_COST, cheapest_path, turns_of
from hwaja.speakers.parts import evidence_per_score

EVIDENCE = evidence_per_score(WINDOW_SAMPLES / SAMPLE_RATE) * HOP_SAMPLES / WINDOW_SAMPLES

Scores = NDArray[np.float32]


@st.composite
def scores(draw: st.DrawFn, max_windows: int = 7) -> Scores:
    """Draw distinct scores with a wide or narrow spread."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    windows, voices = draw(st.integers(1, max_windows)), draw(st.integers(1, 3))
    spread = draw(st.sampled_from([0.1, 0.3, 1.0]))
    return (spread * random.standard_normal((windows, voices))).astype(np.float32)


def find_turns(scores: Scores) -> list[tuple[int, int]]:
    return turns_of(cheapest_path(scores))


def worth(scores: Scores, turns: list[tuple[int, int]]) -> float:
    """Return the evidence of each turn's best voice, less the cost of the changes."""
    gained = sum(scores[first:stop].sum(axis=0).max() * EVIDENCE for first, stop in turns)
    return float(gained) - CHANGE_COST * (len(turns) - 1)


def worth_of_path(scores: Scores, path: tuple[int, ...]) -> float:
    changes = int(np.count_nonzero(np.diff(path)))
    return float(scores[np.arange(len(path)), path].sum() * EVIDENCE) - CHANGE_COST * changes


@given(scores())
def test_no_path_is_better_than_the_found_one(scores: Scores) -> None:
    paths = product(range(scores.shape[1]), repeat=len(scores))
    best = max(worth_of_path(scores, path) for path in paths)
    assert worth(scores, find_turns(scores)) == pytest.approx(best, abs=1e-3)


@given(scores(max_windows=200))
def test_every_window_is_in_exactly_one_turn_in_order(scores: Scores) -> None:
    turns = find_turns(scores)
    windows = [window for first, stop in turns for window in range(first, stop)]
    assert windows == list(range(len(scores)))
    assert all(first < stop for first, stop in turns)


@given(scores(max_windows=50), st.randoms())
def test_the_order_of_the_voices_does_not_matter(scores: Scores, random: object) -> None:
    order = list(range(scores.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert find_turns(scores[:, order]) == find_turns(scores)


@given(scores(max_windows=50))
def test_reversed_windows_give_reversed_turns(scores: Scores) -> None:
    windows = len(scores)
    backwards = [(windows - stop, windows - first) for first, stop in find_turns(scores[::-1])]
    assert backwards[::-1] == find_turns(scores)


def between(*voices: float) -> Scores:
    """Return scores of two voices: 1 favours the first, -1 the second, 0 neither."""
    return np.array([[lean / 2, -lean / 2] for lean in voices], np.float32)


def test_the_second_voice_has_its_turn_from_its_beginning() -> None:
    assert find_turns(between(*[0.4] * 12, *[-0.4] * 9)) == [(0, 12), (12, 21)]


def test_one_window_that_leans_to_another_voice_is_no_turn() -> None:
    assert find_turns(between(*[0.4] * 9, -0.4, *[0.4] * 9)) == [(0, 19)]


def test_a_slight_lean_to_another_voice_for_long_is_a_turn() -> None:
    assert find_turns(between(*[0.4] * 9, *[-0.1] * 9, *[0.4] * 9)) == [(0, 9), (9, 18), (18, 27)]


@pytest.mark.parametrize("windows", [1, 2, 90])
def test_a_single_enrolled_voice_has_one_turn(windows: int) -> None:
    assert find_turns(np.zeros((windows, 1), np.float32)) == [(0, windows)]
