"""The token table: what sherpa-onnx reads, and the tokenizer that it is made from."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hwaja.models import ModelError
from hwaja.models.conversion import moonshine
from hwaja.models.conversion.moonshine import token_table


def test_a_token_table_has_a_line_of_base64_and_number_for_each_token_in_order() -> None:
    pieces = {10: "한".encode(), 2: b"\xff", 0: b" a"}
    lines = token_table(pieces).splitlines()
    read = [(base64.b64decode(piece), int(token)) for piece, token in map(str.split, lines)]
    assert read == sorted(((piece, token) for token, piece in pieces.items()), key=lambda x: x[1])


@example([b"x" * 127, b"y" * 128, b"z" * 300])
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_moonshine_pieces_of_any_length_are_read(pieces: list[bytes]) -> None:
    content = b"".join(length_of(piece) + piece for piece in pieces)
    assert list(moonshine.read_pieces(content)) == pieces


def length_of(piece: bytes) -> bytes:
    """Write a length the way of Moonshine's tokenizer: seven bits, then the rest."""
    count = len(piece)
    return bytes([count]) if count < 128 else bytes([128 + count % 128, count // 128])


@pytest.mark.parametrize("content", [b"\x01", b"\x00\x05abcd", b"\x80", b"\xff\xff" + b"a" * 99])
def test_a_moonshine_table_that_ends_inside_a_piece_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="is truncated"):
        list(moonshine.read_pieces(content))
