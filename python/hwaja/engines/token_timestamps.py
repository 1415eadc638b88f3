"""The pieces that Whisper writes, as text and with their times.

A piece is bytes, and may begin or end within a character.
"""

import codecs
from collections.abc import Sequence

from hwaja.protocol.values import Token


def text_of(pieces: Sequence[bytes]) -> str:
    """Return the text of pieces; bytes that are no characters go."""
    return b"".join(pieces).decode(errors="ignore").strip()


def dated(pieces: Sequence[bytes], start_seconds: Sequence[float]) -> tuple[Token, ...]:
    """Return pieces with their times; a character belongs to the piece that it begins in.

    Args:
        pieces: of a text.
        start_seconds: when each began, as many.

    """
    pairs = zip(_whole_characters(pieces), start_seconds, strict=True)
    return tuple(Token(text, seconds) for text, seconds in pairs if text)


def _whole_characters(pieces: Sequence[bytes]) -> list[str]:
    """Return the characters that begin in each piece; bytes that are none go, as in the text."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    texts = [""] * len(pieces)
    begun = 0  # the piece that the next character begins in
    for index, piece in enumerate(pieces):
        if not decoder.getstate()[0]:
            begun = index
        characters = decoder.decode(piece)
        texts[begun] += characters[:1]
        texts[index] += characters[1:]
        if characters:
            begun = index
    return texts
