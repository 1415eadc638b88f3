"""The times of sherpa-onnx's pieces, whatever bytes they are, out of what its result says."""

import json
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hwaja.engines.dated_pieces import tokens_of
from hwaja.engines.written_result import written
from hwaja.recognition import Token


@dataclass
class Result:
    """What sherpa-onnx's result is: text, times, and all of it as JSON, maybe no UTF-8."""

    pieces: list[bytes]
    timestamps: list[float]
    text: str

    def __str__(self) -> str:
        spelled = ", ".join(_spelled(piece) for piece in self.pieces)
        text = json.dumps(self.text, ensure_ascii=False)
        content = f'{{"text": {text}, "tokens":[{spelled}], "timestamps": {self.timestamps}}}'
        return content.encode(errors="surrogateescape").decode()


def _spelled(piece: bytes) -> str:
    """A byte that is no character alone is spelled out; the others are written as they are."""
    if len(piece) == 1 and piece[0] > 0x7F:
        return f'"<0x{piece[0]:X}>"'
    return json.dumps(piece.decode(errors="surrogateescape"), ensure_ascii=False)


def result(*pieces: bytes, text: str | None = None) -> Result:
    """A result whose pieces follow each other at each second."""
    written = b"".join(pieces).decode(errors="ignore").strip() if text is None else text
    return Result(list(pieces), [float(second) for second in range(len(pieces))], written)


def dated(found: Result) -> list[tuple[str, float]]:
    return [(token.text, token.start_seconds) for token in tokens_of(written(found), 99)]


def test_pieces_that_are_whole_are_the_tokens() -> None:
    assert dated(result(b" One", b" two", b".")) == [(" One", 0), (" two", 1), (".", 2)]


def test_a_character_belongs_to_the_piece_that_it_begins_in() -> None:
    """Of three bytes, in two pieces and in three, and two characters in the midst of pieces."""
    first, second, third = ("한".encode(), "국".encode(), "어".encode())
    assert dated(result(b" " + first[:2], first[2:], second[:1], second[1:2], second[2:])) == [
        (" 한", 0),
        ("국", 2),
    ]
    assert dated(result(first[:2], first[2:] + second[:1], second[1:] + third[:1], third[1:])) == [
        ("한", 0),
        ("국", 1),
        ("어", 2),
    ]


def test_bytes_that_are_no_character_are_in_no_token() -> None:
    """sherpa-onnx removes them from the text."""
    whole = "해".encode()
    assert "".join(text for text, _ in dated(result(b" a\xeb", whole, b"\xff", b"b"))) == " a해b"


def test_pieces_that_do_not_make_up_the_text_give_no_tokens() -> None:
    assert dated(result(b" One", b" two", text="One")) == []
    assert dated(result(b" One", b" two", text="")) == []


def test_without_a_time_for_each_piece_there_are_no_tokens() -> None:
    assert dated(Result([b"a", b"b"], [0.0], "ab")) == []
    assert dated(Result([b"a", b"b"], [], "ab")) == []


def test_no_token_lies_behind_the_utterance() -> None:
    """The silence that is appended to it is the recogniser's own affair."""
    assert tokens_of(written(result(b"a", b"b", b"c")), 1.5) == (
        Token("a", 0),
        Token("b", 1),
        Token("c", 1.5),
    )


@given(text=st.text(), data=st.data())
def test_whatever_is_said_and_however_it_is_cut_the_tokens_join_to_it(
    text: str, data: st.DataObject
) -> None:
    content = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(content) - 1)))))
    pieces = [content[a:b] for a, b in pairwise([0, *cuts, len(content)])]
    tokens = dated(result(*pieces))
    assert "".join(text for text, _ in tokens) == (text if pieces else "")
    begins = [(a, b) for a, b in pairwise([0, *cuts, len(content)])]
    at = 0
    for piece_text, second in tokens:
        assert begins[int(second)][0] <= at < begins[int(second)][1]
        at += len(piece_text.encode())
