"""The pieces of a recognised text with their times, out of sherpa-onnx's result."""

import codecs
import re
from typing import Any

from hwaja.engines.written_result import text_of
from hwaja.recognition import Token

_LONE_BYTE = re.compile(rb"<0x([89A-F][0-9A-F])>")  # how the result spells a piece of one byte


def tokens_of(fields: dict[str, Any], utterance_seconds: float) -> tuple[Token, ...]:
    """Return the pieces of a result's text with their times.

    A piece of Whisper is bytes, and may begin or end within a character; a character belongs to
    the piece that it begins in. No time lies behind the utterance: there is only the silence that
    was appended to it.

    Args:
        fields: of a result of sherpa-onnx's offline recogniser; see `written_result`.
        utterance_seconds: duration of what was spoken.

    Returns:
        The tokens; none where the model gives no times, or the pieces do not make up the text.

    """
    seconds = fields["timestamps"]
    if not seconds:
        return ()
    pieces = [_unspelled(piece.encode(errors="surrogateescape")) for piece in fields["tokens"]]
    texts = _whole_characters(pieces)
    if "".join(texts).strip() != text_of(fields) or len(pieces) != len(seconds):
        return ()
    starts = (min(start_seconds, utterance_seconds) for start_seconds in seconds)
    return tuple(Token(*dated) for dated in zip(texts, starts, strict=True) if dated[0])


def _unspelled(piece: bytes) -> bytes:
    lone = _LONE_BYTE.fullmatch(piece)
    return bytes.fromhex(lone[1].decode()) if lone else piece


def _whole_characters(pieces: list[bytes]) -> list[str]:
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
