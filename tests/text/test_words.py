"""The words of a text and how far each can be trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol.values import Token, Word
from hwaja.text.words import confidence_of, words_of

TOKENS = (
    Token(" 안녕", 0.4, 0.9),
    Token("하세요", 0.7, 0.99),
    Token(" 반갑", 1.2, 0.5),
    Token("습니다.", 1.5, 0.6),
)


def test_a_word_lasts_from_its_first_piece_to_the_next_word() -> None:
    words = words_of(TOKENS, 2.1)
    assert [(word.text, word.start_seconds, word.end_seconds) for word in words] == [
        ("안녕하세요", 0.4, 1.2),
        ("반갑습니다.", 1.2, 2.1),
    ]


def test_a_word_of_improbable_pieces_is_trusted_less() -> None:
    sure, unsure = words_of(TOKENS, 2.1)
    assert 0.5 < unsure.text_confidence < 0.9 < sure.text_confidence < 1


def test_no_word_ends_before_it_begins() -> None:
    (word,) = words_of((Token("네", 1.0, 0.9),), 0.5)
    assert word.end_seconds == word.start_seconds == 1.0


@pytest.mark.parametrize("tokens", [(), (Token("네", 0.0),), (*TOKENS, Token(" 네", 2.0))])
def test_a_text_whose_pieces_lack_probabilities_has_no_words(tokens: tuple[Token, ...]) -> None:
    assert words_of(tokens, 3.0) == ()
    assert confidence_of(words_of(tokens, 3.0)) is None


def test_the_confidence_of_a_text_counts_each_word_by_its_characters() -> None:
    words = (Word("한", 0.0, 0.1, 0.2), Word("두세네", 0.1, 0.2, 0.8))
    assert confidence_of(words) == pytest.approx((0.2 + 3 * 0.8) / 4)


@given(
    pieces=st.lists(st.tuples(st.text(min_size=1, max_size=4), st.floats(0, 1)), max_size=20),
    end_seconds=st.floats(0, 30),
)
def test_the_words_hold_the_text_and_are_trusted_between_never_and_always(
    pieces: list[tuple[str, float]], end_seconds: float
) -> None:
    tokens = [Token(text, float(k), share) for k, (text, share) in enumerate(pieces)]
    words = words_of(tokens, end_seconds)
    assert (
        "".join(word.text for word in words).split()
        == "".join(word.strip() for word in _split([text for text, _ in pieces])).split()
    )
    assert all(0 < word.text_confidence < 1 for word in words)


def _split(pieces: list[str]) -> list[str]:
    """Join pieces to words: a piece that begins with a space begins a word."""
    words: list[str] = []
    for piece in pieces:
        if words and not piece[:1].isspace():
            words[-1] += piece
        else:
            words.append(piece)
    return words
