"""Reads the pieces and scores of a SentencePiece model from bpe.vocab or bpe.model.

The `sentencepiece` library would replace only the reader of bpe.model, and the checks would remain.
It adds 8 MiB to every worker that loads it.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

from hwaja.engines.interface import EngineError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types of Protocol Buffers
_MAX_VARINT_BYTES = 10  # a varint has 64 bits
_PIECES = 1  # field number in the model
_PIECE, _SCORE = 1, 2  # field numbers in a piece


def find_pieces(folder: Path) -> dict[str, float] | None:
    """Return the scores of the pieces in a folder's bpe.vocab or bpe.model.

    Returns:
        Score by piece; None where the folder has neither file.

    Raises:
        EngineError: where the file is invalid.

    """
    vocabulary, model = folder / "bpe.vocab", folder / "bpe.model"
    try:
        if vocabulary.is_file():
            return _checked(_of_vocabulary(vocabulary.read_bytes()))
        if model.is_file():
            return _checked(_of_model(model.read_bytes()))
    except (ValueError, LookupError, struct.error):
        file = vocabulary if vocabulary.is_file() else model
        raise EngineError(f"{file} is not one of SentencePiece's.") from None
    return None


def _checked(pieces: Iterator[tuple[str, float]]) -> dict[str, float]:
    """Reject pieces and scores on which sherpa-onnx would end the process."""
    scores: dict[str, float] = {}
    for piece, score in pieces:
        if piece in scores or piece.split() != [piece] or not math.isfinite(score):
            raise ValueError
        scores[piece] = score
    return scores


def _of_vocabulary(text: bytes) -> Iterator[tuple[str, float]]:
    """Yield the piece and the score of each line."""
    for line in filter(None, text.split(b"\n")):
        piece, score = line.split()
        yield piece.decode("utf-8"), float(score)


def _of_model(model: bytes) -> Iterator[tuple[str, float]]:
    for number, value in _fields(model):
        if number == _PIECES and isinstance(value, bytes):
            fields = dict(_fields(value))
            piece, score = fields[_PIECE], fields.get(_SCORE, bytes(4))
            if isinstance(piece, int) or isinstance(score, int):
                raise ValueError
            yield piece.decode("utf-8"), struct.unpack("<f", score)[0]


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield the number and the value of each field of a Protocol Buffers message."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire_type == _BYTES:
            length, position = _varint(message, position)
        else:
            length = {_FIXED64: 8, _FIXED32: 4}.get(wire_type, len(message))
        if position + length > len(message):
            raise ValueError
        yield number, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return a little-endian varint (7 bits per byte) and the position after it."""
    value = 0
    for place in range(_MAX_VARINT_BYTES):
        byte = message[position + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, position + place + 1
    raise ValueError
