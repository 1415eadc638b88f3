"""The times of Whisper's pieces, for any bytes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.token_timestamps import dated, text_of


def at_each_second(*pieces: bytes) -> list[tuple[str, float]]:
    """The tokens of pieces that follow each other at each second."""
    seconds = [float(second) for second in range(len(pieces))]
    return [(token.text, token.start_seconds) for token in dated(pieces, seconds)]


def test_whole_pieces_are_tokens() -> None:
    assert at_each_second(b" One", b" two", b".") == [(" One", 0), (" two", 1), (".", 2)]


def test_a_character_belongs_to_the_piece_in_which_it_begins() -> None:
    """A character of three bytes may be in two or three pieces, and pieces may overlap two."""
    first, second, third = ("한".encode(), "국".encode(), "어".encode())
    assert at_each_second(b" " + first[:2], first[2:], second[:1], second[1:2], second[2:]) == [
        (" 한", 0),
        ("국", 2),
    ]
    cut = (first[:2], first[2:] + second[:1], second[1:] + third[:1], third[1:])
    assert at_each_second(*cut) == [("한", 0), ("국", 1), ("어", 2)]


def test_invalid_bytes_are_in_no_token_and_not_in_the_text() -> None:
    pieces = (b" a\xeb", "해".encode(), b"\xff", b"b")
    assert "".join(text for text, _ in at_each_second(*pieces)) == " a해b"
    assert text_of(pieces) == "a해b"


@given(text=st.text(), data=st.data())
def test_the_tokens_join_to_the_text_however_it_is_cut(text: str, data: st.DataObject) -> None:
    content = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(content) - 1)))))
    begins = list(pairwise([0, *cuts, len(content)]))
    tokens = at_each_second(*(content[a:b] for a, b in begins))
    assert "".join(text for text, _ in tokens) == text
    at = 0
    for piece_text, second in tokens:
        assert begins[int(second)][0] <= at < begins[int(second)][1]
        at += len(piece_text.encode())
