"""Converts Whisper's pieces to text and to tokens with times.

A piece consists of bytes and may begin or end within a character.
"""

import codecs
from collections.abc import Sequence

from hwaja.protocol.values import Token


def text_of(pieces: Sequence[bytes]) -> str:
    """Return the text of pieces; invalid UTF-8 bytes are removed."""
    return b"".join(pieces).decode(errors="ignore").strip()


def dated(pieces: Sequence[bytes], start_seconds: Sequence[float]) -> tuple[Token, ...]:
    """Return pieces with their times. A character belongs to the piece in which it begins.

    Args:
        pieces: the pieces of a text.
        start_seconds: start time of each piece.

    """
    pairs = zip(_whole_characters(pieces), start_seconds, strict=True)
    return tuple(Token(text, seconds) for text, seconds in pairs if text)


def _whole_characters(pieces: Sequence[bytes]) -> list[str]:
    """Return the characters that begin in each piece, without invalid UTF-8 bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    texts = [""] * len(pieces)
    begun = 0  # the piece in which the next character begins
    for index, piece in enumerate(pieces):
        if not decoder.getstate()[0]:
            begun = index
        characters = decoder.decode(piece)
        texts[begun] += characters[:1]
        texts[index] += characters[1:]
        if characters:
            begun = index
    return texts
