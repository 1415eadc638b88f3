"""The characters of a token: those that every client can send."""

import re

import pytest
from websockets.exceptions import InvalidHeaderFormat
from websockets.headers import parse_subprotocol

from hwaja.protocol.token_syntax import is_token

BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, section 2.1."""


def is_subprotocol(name: str) -> bool:
    """Whether a server reads one name, and this one."""
    try:
        return parse_subprotocol(name) == [name]
    except InvalidHeaderFormat:
        return False


@pytest.mark.parametrize("character", list(map(chr, range(256))), ids=ascii)
def test_a_token_may_contain_a_character_if_a_header_and_a_subprotocol_allow_it(
    character: str,
) -> None:
    text = f"0123456789abcdef{character}"
    is_carried = bool(BEARER.fullmatch(text)) and is_subprotocol(f"hwaja.bearer.{text}")
    assert is_token(text) is is_carried


def test_an_empty_text_and_a_text_with_a_line_end_are_no_tokens() -> None:
    assert not is_token("")
    assert not is_token("0123456789abcdef\n")
