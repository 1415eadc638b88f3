"""Converts Moonshine: unchanged weights, and its token table in sherpa-onnx's format."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

from hwaja.models.conversion.binary import Reader


def convert(members: Path, folder: Path) -> None:
    """Write the model for sherpa-onnx's Moonshine v2 loader.

    Raises:
        ModelError: where the token table is truncated.

    """
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (members / name).replace(folder / name)
    pieces = dict(enumerate(read_pieces((members / "tokenizer.bin").read_bytes())))
    (folder / "tokens.txt").write_text(token_table(pieces), encoding="ascii")


def read_pieces(content: bytes) -> Iterator[bytes]:
    """Yield the pieces of a tokenizer.bin. Each piece is a length and as many bytes.

    A length below 128 takes one byte. A greater length takes two: the first byte has its high bit
    set and holds the lower seven bits.

    Raises:
        ModelError: where the table ends inside a piece.

    """
    reader = Reader(content, "Moonshine's token table")
    while not reader.at_end:
        (length,) = reader.numbers("<B")
        if length >= 128:
            length += 128 * (reader.numbers("<B")[0] - 1)
        yield bytes(reader.take(length))


def token_table(pieces: Mapping[int, bytes]) -> str:
    """Return the content of tokens.txt: each line has a piece in base64 and its number."""
    lines = (
        f"{base64.b64encode(piece).decode('ascii')} {token}\n"
        for token, piece in sorted(pieces.items())
    )
    return "".join(lines)
