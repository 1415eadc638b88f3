"""Zipformer: the weights as they come, and its tokenizer's pieces as sherpa-onnx wants them."""

import math
from collections.abc import Iterator
from pathlib import Path

from hwaja.models import plain
from hwaja.models.binary import Reader
from hwaja.models.errors import ModelError


def convert(members: Path, folder: Path) -> None:
    """Write the model, and bpe.vocab, which sherpa-onnx cuts hotwords into pieces by.

    Raises:
        ModelError: where bpe.model is no SentencePiece model.

    """
    vocabulary = bpe_vocabulary((members / "bpe.model").read_bytes())
    plain.convert(members, folder)
    (folder / "bpe.vocab").write_bytes(vocabulary)


def bpe_vocabulary(content: bytes) -> bytes:
    """Return bpe.vocab: for each piece a line of the piece, a tab and its score.

    sherpa-onnx ends its process on a line that is not so. Source: its
    `scripts/export_bpe_vocab.py`, and simple-sentencepiece, which reads the file.

    Raises:
        ModelError: where the content is no SentencePiece model, or has a piece that is empty,
            there twice, has white space in it or a score that is no number.

    """
    scores: dict[bytes, float] = {}
    for piece, score in read_pieces(content):
        if piece in scores or piece.split() != [piece] or not math.isfinite(score):
            raise ModelError("bpe.model has a piece that sherpa-onnx cannot read.")
        scores[piece] = score
    if not scores:
        raise ModelError("bpe.model has no pieces.")
    return b"".join(b"%b\t%.9g\n" % line for line in scores.items())


def read_pieces(content: bytes) -> Iterator[tuple[bytes, float]]:
    """Yield the pieces of a SentencePiece model and their scores, in order.

    The file is a protocol buffer. Its fields 1 are the pieces: in each, field 1 is the text and
    field 2 the score. Source: SentencePiece, `src/sentencepiece_model.proto`.

    Raises:
        ModelError: where the content is cut or is no such message.

    """
    for number, message in _fields(content):
        if number == 1:
            fields = dict(_fields(message))
            text, score = fields.get(1), fields.get(2, 0.0)
            if not isinstance(text, memoryview) or not isinstance(score, float):
                raise _no_model()
            yield bytes(text), score


def _fields(message: object) -> Iterator[tuple[int, int | float | memoryview]]:
    """Yield the numbers and values of a message's fields."""
    if not isinstance(message, bytes | memoryview):
        raise _no_model()
    reader = Reader(message, "bpe.model")
    value: int | float | memoryview
    while not reader.at_end:
        key = _varint(reader)
        match key & 7:
            case 0:
                value = _varint(reader)
            case 1:
                value = reader.take(8)
            case 2:
                value = reader.take(_varint(reader))
            case 5:
                (value,) = reader.numbers("<f")
            case _:
                raise _no_model()
        yield key >> 3, value


def _varint(reader: Reader) -> int:
    """Take an integer of seven bits a byte, the lowest first; the last has its high bit clear."""
    value = 0
    for shift in range(0, 64, 7):
        (byte,) = reader.numbers("<B")
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise _no_model()


def _no_model() -> ModelError:
    return ModelError("bpe.model is no SentencePiece model.")
