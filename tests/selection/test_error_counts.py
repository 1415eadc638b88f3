"""How errors are counted, and when a difference is chance."""

import pytest

from hwaja.selection.chance import difference
from hwaja.selection.error_counts import character_errors, reading_errors, word_errors


@pytest.mark.parametrize(
    ("said", "heard", "count"),
    [
        ("저 식당은, 맛있어요.", "저식당은 맛있어요", (0, 8)),
        ("네.", "", (1, 1)),
        ("", "네.", (1, 0)),
        ("Try again", "TRY a gain!", (0, 8)),
    ],
)
def test_characters_are_compared_without_spaces_punctuation_and_case(
    said: str, heard: str, count: tuple[int, int]
) -> None:
    assert character_errors(said, heard) == count


def test_words_are_compared_whole() -> None:
    assert word_errors("It's the well-known best, again.", "its the well known rest") == (2, 6)


def test_numbers_and_words_that_are_read_alike_are_right_for_kocer_only() -> None:
    assert reading_errors("세 시에 만나요.", "3시에 만나요")[0] == 0
    assert character_errors("세 시에 만나요.", "3시에 만나요")[0] == 1


def test_a_long_text_is_counted_in_pieces_as_it_is_as_a_whole() -> None:
    line = "저 식당은 그날 준비한 걸 다 팔면 문을 닫아요. "
    wrong = line.replace("식당", "식탁")
    said, heard = line * 60, line * 20 + wrong * 20 + line * 20
    assert reading_errors(said, heard) == (20, character_errors(said, heard)[1])


def test_nothing_said_has_no_errors_by_kocer() -> None:
    assert reading_errors(" ", "네") == (0, 0)


def test_a_clear_difference_has_an_interval_without_zero() -> None:
    first, other = [(2, 10)] * 40, [(1, 10)] * 39 + [(2, 10)]
    low, high = difference(first, other) or (0, 0)
    assert -0.1 <= low <= high < 0


def test_a_difference_in_one_of_many_recordings_is_within_chance() -> None:
    first, other = [(2, 10)] * 40, [(6, 10), *[(2, 10)] * 39]
    low, high = difference(first, other) or (1, -1)
    assert low <= 0 <= high


def test_one_recording_has_no_interval() -> None:
    assert difference([(2, 10)], [(1, 10)]) is None


def test_recordings_count_by_their_length() -> None:
    """A wrong character in a short recording weighs as much as one in a long one."""
    first = [(0, 1), (0, 99)] * 20
    other = [(1, 1), (0, 99)] * 20
    low, high = difference(first, other) or (0, 0)
    assert 0 < low < 0.01 < high < 0.03
