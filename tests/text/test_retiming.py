"""Tokens of a changed text: they join to it, keep their times, and leak nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol.values import Token
from hwaja.text.masking import masked
from hwaja.text.numbers import NumberStyle, written
from hwaja.text.retiming import MOST_COMPARED, retimed


def tokens(*pieces: str) -> tuple[Token, ...]:
    return tuple(Token(piece, float(second)) for second, piece in enumerate(pieces))


def pairs(found: tuple[Token, ...]) -> list[tuple[str, float]]:
    return [(token.text, token.start_seconds) for token in found]


def test_an_unchanged_text_keeps_its_tokens() -> None:
    given_tokens = tokens("안녕", "하세요")
    assert retimed(given_tokens, "안녕하세요") == given_tokens


def test_a_replaced_number_begins_with_its_first_token() -> None:
    before = tokens("내일", " 세", " 시", " 삼십", " 분에", " 봐요")
    text = written("내일 세 시 삼십 분에 봐요", NumberStyle.DIGITS)
    assert pairs(retimed(before, text)) == [
        ("내일", 0.0),
        (" 3", 1.0),
        ("시", 2.0),
        (" 30", 3.0),
        ("분에", 4.0),
        (" 봐요", 5.0),
    ]


def test_a_number_of_many_tokens_becomes_one() -> None:
    found = retimed(tokens("이천", "이십", "육", "년", "에"), "2026년에")
    assert pairs(found) == [("2026", 0.0), ("년", 3.0), ("에", 4.0)]


def test_a_space_goes_to_the_word_after_it() -> None:
    assert pairs(retimed(tokens("밥", "먹자"), "밥 먹자")) == [("밥", 0.0), (" 먹자", 1.0)]


def test_a_removed_space_joins_two_words() -> None:
    assert pairs(retimed(tokens("할", " 수", "있다"), "할수있다")) == [
        ("할", 0.0),
        ("수", 1.0),
        ("있다", 2.0),
    ]


def test_a_removed_text_has_no_tokens() -> None:
    assert retimed(tokens("감사", "합니다"), "") == ()


def test_a_text_without_tokens_stays_without() -> None:
    assert retimed((), "3시") == ()


@pytest.mark.parametrize("number", ["010-1234-5678", "공일공 일이삼사 오육칠팔"])
def test_the_tokens_of_a_masked_text_do_not_hold_the_number(number: str) -> None:
    before = f"제 번호는 {number}이에요"
    after = masked(before)
    found = retimed(tokens(*before), after)
    assert "".join(token.text for token in found) == after
    assert not any(each in token.text for token in found for each in "012345678공삼사오육칠팔")


def test_a_very_long_change_is_one_replacement() -> None:
    before = tokens("가" * MOST_COMPARED, "나" * MOST_COMPARED)
    assert pairs(retimed(before, "다" * 2 * MOST_COMPARED)) == [("다" * 2 * MOST_COMPARED, 0.0)]


@given(
    st.lists(st.text("세시 삼십분3가", max_size=4), min_size=1, max_size=6), st.text("세시 3가분")
)
def test_any_tokens_join_to_the_new_text_in_order(pieces: list[str], text: str) -> None:
    found = retimed(tokens(*pieces), text)
    assert "".join(token.text for token in found) == text
    starts = [token.start_seconds for token in found]
    assert starts == sorted(starts)
