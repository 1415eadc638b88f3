"""The pieces of a recognised text with their times, out of sherpa-onnx's result."""

import codecs
import json
import re
from typing import Any

from hwaja.recognition import Token

_LONE_BYTE = re.compile(rb"<0x([89A-F][0-9A-F])>")  # how the result spells a piece of one byte


def tokens_of(result: Any, utterance_seconds: float) -> tuple[Token, ...]:
    """Return the pieces of a result's text with their times.

    A piece of Whisper is bytes, and may begin or end within a character; a character belongs to
    the piece that it begins in. No time lies behind the utterance: there is only the silence that
    was appended to it.

    Args:
        result: of sherpa-onnx's offline recogniser.
        utterance_seconds: duration of what was spoken.

    Returns:
        The tokens; none where the model gives no times, or the pieces do not make up the text.

    """
    if not result.timestamps:
        return ()
    pieces, seconds = _dated(result)
    texts = _whole_characters(pieces)
    if "".join(texts).strip() != result.text.strip() or len(pieces) != len(seconds):
        return ()
    starts = (min(start_seconds, utterance_seconds) for start_seconds in seconds)
    return tuple(Token(*dated) for dated in zip(texts, starts, strict=True) if dated[0])


def _dated(result: Any) -> tuple[list[bytes], list[float]]:
    """Return the pieces of a result, and when each begins.

    `result.tokens` must be text, which half a character is not. The result as JSON has them all;
    where it is no text either, the error has its bytes.
    """
    try:
        content = str(result).encode()
    except UnicodeDecodeError as error:
        content = error.object
    written = json.loads(content.decode(errors="surrogateescape"))
    pieces = (piece.encode(errors="surrogateescape") for piece in written["tokens"])
    return [_unspelled(piece) for piece in pieces], written["timestamps"]


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
