"""The pieces of a recognised text with their times, out of sherpa-onnx's result."""

import json
import re
from typing import Any

from hwaja.recognition import Token

_LONE_BYTE = re.compile(rb"<0x([89A-F][0-9A-F])>")  # how the result spells a byte above 0x7F


def tokens_of(result: Any, utterance_seconds: float) -> tuple[Token, ...]:
    """Return the pieces of a result's text with their times.

    A piece of Whisper is bytes, and may begin or end within a character. A character belongs to
    the piece with its first byte; a piece without one is part of the token before it. No time
    lies behind the utterance, where only the silence is that was appended to it.

    Args:
        result: of sherpa-onnx's offline recogniser.
        utterance_seconds: duration of what was spoken.

    Returns:
        The tokens; none where the model gives no times, or the pieces do not make up the text.

    """
    if not result.timestamps:
        return ()
    pieces, seconds = _dated(result)
    whole = b"".join(pieces).decode(errors="replace")
    if whole.strip() != result.text.strip() or len(pieces) != len(seconds):
        return ()  # sherpa-onnx removes bytes that are no character from the text
    tokens, begun = [], 0
    for piece, start_seconds in zip(pieces, seconds, strict=True):
        before, begun = begun, begun + sum(byte & 0xC0 != 0x80 for byte in piece)
        if begun > before:
            tokens.append(Token(whole[before:begun], min(start_seconds, utterance_seconds)))
    return tuple(tokens)


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
