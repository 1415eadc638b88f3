"""Division of turns where two people speak at once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hwaja.speakers.overlap import Span, divide_turns


def overlap_in(hops: int, *spans: Span) -> list[float]:
    return [float(any(first <= hop < stop for first, stop in spans)) for hop in range(hops)]


def test_turns_without_overlap_stay_as_they_are() -> None:
    assert divide_turns([(0, 20), (20, 40)], [0.0] * 40) == [(0, 20), (20, 40)]


def test_a_long_overlap_at_a_change_of_speaker_is_a_part_of_its_own() -> None:
    turns = [(0, 20), (20, 40)]
    assert divide_turns(turns, overlap_in(40, (16, 23))) == [(0, 16), (16, 23), (23, 40)]
    assert divide_turns(turns, overlap_in(40, (20, 27))) == [(0, 20), (20, 27), (27, 40)]


def test_a_word_over_the_end_of_a_turn_divides_nothing() -> None:
    turns = [(0, 20), (20, 40)]
    assert divide_turns(turns, overlap_in(40, (18, 23))) == turns


def test_a_long_overlap_at_an_end_of_the_utterance_is_a_part_of_its_own() -> None:
    """The utterance may have ended there because the next speaker began."""
    assert divide_turns([(0, 40)], overlap_in(40, (31, 39))) == [(0, 31), (31, 40)]
    assert divide_turns([(0, 40)], overlap_in(40, (0, 8))) == [(0, 8), (8, 40)]


def test_a_listener_who_speaks_into_a_turn_does_not_divide_it() -> None:
    assert divide_turns([(0, 40)], overlap_in(40, (15, 25))) == [(0, 40)]


def test_a_turn_that_is_mostly_overlap_keeps_its_rest() -> None:
    assert divide_turns([(0, 40)], overlap_in(40, (10, 35))) == [(0, 10), (10, 35), (35, 40)]


def test_an_overlap_with_short_gaps_is_one() -> None:
    overlap = overlap_in(40, (14, 18), (20, 25))
    assert divide_turns([(0, 20), (20, 40)], overlap) == [(0, 14), (14, 25), (25, 40)]


def test_a_rest_shorter_than_a_window_belongs_to_the_overlap() -> None:
    overlap = overlap_in(40, (2, 38))
    assert divide_turns([(0, 20), (20, 40)], overlap) == [(0, 40)]


def test_two_overlaps_of_one_turn_are_two_parts() -> None:
    turns = [(0, 20), (20, 40), (40, 60)]
    overlap = overlap_in(60, (17, 24), (37, 44))
    assert divide_turns(turns, overlap) == [(0, 17), (17, 24), (24, 37), (37, 44), (44, 60)]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.data(),
)
def test_the_parts_of_any_turns_cover_them_in_order(
    lengths: list[int], data: st.DataObject
) -> None:
    edges = [sum(lengths[:k]) for k in range(len(lengths) + 1)]
    turns = list(pairwise(edges))
    shares = st.sampled_from([0.0, 0.4, 0.6, 1.0])
    overlap = data.draw(st.lists(shares, min_size=edges[-1], max_size=edges[-1]))
    parts = divide_turns(turns, overlap)
    assert (parts[0][0], parts[-1][1]) == (0, edges[-1])
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert all(first < stop for first, stop in parts)
