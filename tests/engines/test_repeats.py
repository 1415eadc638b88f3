"""Repeats that a decoder in a loop wrote are removed; words that were said again stay."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.recognition import Hypothesis
from hwaja.engines.texts.repeats import (
    first_time_log_probability,
    may_count,
    may_loop,
    without_unsaid_repeats,
)
from hwaja.protocol.values import Token


def dated(*pieces: tuple[str, float]) -> Hypothesis:
    tokens = tuple(Token(text, seconds) for text, seconds in pieces)
    return Hypothesis("".join(text for text, _ in pieces).strip(), tokens)


SAID_ONCE = ((" 언제", 1.0), (" 오시", 1.3), ("나", 1.6), ("요", 1.7), ("?", 1.9))
SAID_AGAIN = ((" 언제", 2.3), (" 오시", 2.6), ("나", 2.8), ("요", 2.9), ("?", 3.2))
WRITTEN_AGAIN = tuple((text, 2.0) for text, _ in SAID_ONCE)


def test_words_without_any_audio_for_their_repeat_are_kept_once() -> None:
    assert without_unsaid_repeats(dated(*SAID_ONCE, *WRITTEN_AGAIN)) == dated(*SAID_ONCE)


def test_the_words_around_an_unsaid_repeat_stay() -> None:
    before, behind = ((" 네", 0.2), (",", 0.4)), ((" 곧", 2.1), (" 가요", 2.3))
    found = without_unsaid_repeats(dated(*before, *SAID_ONCE, *WRITTEN_AGAIN, *behind))
    assert found == dated(*before, *SAID_ONCE, *behind)


def test_the_times_are_those_at_which_the_words_were_said() -> None:
    squeezed = tuple((text, 0.9) for text, _ in SAID_ONCE)
    assert without_unsaid_repeats(dated(*squeezed, *SAID_ONCE)) == dated(*SAID_ONCE)


def test_a_repeat_that_begins_within_the_last_piece_was_not_said() -> None:
    at_once = tuple((text, seconds + 0.75) for text, seconds in SAID_ONCE)
    assert without_unsaid_repeats(dated(*SAID_ONCE, *at_once)) == dated(*SAID_ONCE)


def test_all_unsaid_repeats_are_removed() -> None:
    found = without_unsaid_repeats(dated(*SAID_ONCE, *WRITTEN_AGAIN, *WRITTEN_AGAIN))
    assert found == dated(*SAID_ONCE)


def test_an_unsaid_repeat_of_words_that_were_said_twice_is_removed() -> None:
    written = tuple((text, 3.3) for text, _ in SAID_ONCE)
    said = dated(*SAID_ONCE, *SAID_AGAIN)
    assert without_unsaid_repeats(dated(*SAID_ONCE, *SAID_AGAIN, *written)) == said


@pytest.mark.parametrize(
    "hypothesis",
    [
        dated(*SAID_ONCE, *SAID_AGAIN),
        dated(*SAID_ONCE),
        dated((" 네", 0.1), (" 네", 0.1), (" 네", 0.1)),
        dated(("안녕안", 0.1), ("녕안녕안녕", 0.1)),
        Hypothesis("언제 오시나요? 언제 오시나요?"),
        Hypothesis(""),
    ],
    ids=["said twice", "said once", "short", "no own pieces", "without times", "empty"],
)
def test_a_text_of_which_nothing_is_certain_to_be_unsaid_is_not_changed(
    hypothesis: Hypothesis,
) -> None:
    assert without_unsaid_repeats(hypothesis) is hypothesis


@given(st.lists(st.tuples(st.sampled_from(["가나", "다라", "마", ".", " "]), st.floats(0, 9))))
def test_only_whole_pieces_are_removed_and_none_a_second_time(
    pieces: list[tuple[str, float]],
) -> None:
    whole = dated(*pieces)
    found = without_unsaid_repeats(whole)
    rest = iter(whole.tokens)
    assert all(token in rest for token in found.tokens)
    assert without_unsaid_repeats(found) is found
    assert found.text == "".join(token.text for token in found.tokens).strip()


@pytest.mark.parametrize(
    "text",
    ["안녕 안녕 안녕 안녕", "요즘 멈췄다, 요즘 멈췄다, 요즘 멈", "Fail better. fail better! Fail"],
)
def test_repeated_words_are_detected_as_a_possible_loop(text: str) -> None:
    assert may_loop(text)


@pytest.mark.parametrize(
    "text",
    ["", "네, 네. 알겠습니다", "하하하하", "그럼요, 그럼요", "저축은 하고 계세요? 저축하세요."],
)
def test_words_said_twice_are_not_detected_as_a_loop(text: str) -> None:
    assert not may_loop(text)


def likely(*pieces: tuple[str, float]) -> tuple[Token, ...]:
    return tuple(Token(text, 0.0, probability) for text, probability in pieces)


@pytest.mark.parametrize(
    "repeats",
    [
        likely((" 그래", 0.9), ("요", 0.9), (".", 0.9), (" 그래", 0.9), ("요", 0.9)),  # three times
        likely((" 그래요", 0.9), (" 그래요그래", 0.9), ("요", 0.9)),
        likely((" 그래요", 0.9), (" 그래요", 0.9), (" 그래", 0.9)),  # the last one is cut off
    ],
)
def test_words_count_only_the_first_time_they_are_written(repeats: tuple[Token, ...]) -> None:
    first = likely((" 네", 0.5), (",", 0.01), (" 그래", 0.5), ("요", 0.5), (".", 0.01))
    found = first_time_log_probability((*first, *repeats))
    assert found == pytest.approx(math.log(0.5))


@pytest.mark.parametrize(
    "text",
    ["1, 2, 3, 4, 5, 5, 5, 5", "1,2,3", "오후 1, 2, 1, 2", "3, 2, 1", "10 11 12", "1-1-1"],
)
def test_a_row_of_numbers_that_were_to_be_expected_may_be_counted(text: str) -> None:
    assert may_count(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1, 2",
        "010-1234-5678",
        "1번, 2번, 3번",
        "3월 1일, 3월 2일",
        "5, 17, 40",
    ],
)
def test_other_numbers_are_not_counted(text: str) -> None:
    assert not may_count(text)


def test_numbers_of_a_row_are_judged_by_the_first_one() -> None:
    row = [(f" {number}", 0.9) for number in (2, 3, 4, 4, 3, 10)]
    found = first_time_log_probability(likely((" 네", 0.2), (",", 0.9), (" 1", 0.2), *row))
    assert found == pytest.approx((2 * math.log(0.2) + math.log(0.9)) / 3)


def test_a_number_of_several_pieces_is_expected_as_a_whole() -> None:
    pieces = likely((" 10", 0.2), (" 1", 0.9), ("1", 0.9), (" 12", 0.9))
    assert first_time_log_probability(pieces) == pytest.approx(math.log(0.2))


def test_a_number_beyond_all_counting_is_no_fault() -> None:
    assert not may_count(" ".join(["9" * 5000] * 3))


def test_a_word_of_which_nothing_is_likely_has_a_finite_log_probability() -> None:
    assert first_time_log_probability(likely((" 네", 0.0))) == pytest.approx(math.log(1e-6))


def test_without_probabilities_the_first_time_is_unknown() -> None:
    assert first_time_log_probability((Token(" 네", 0.0),)) is None
