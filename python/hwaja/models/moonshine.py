"""Moonshine: the weights as they come, and its token table as text."""

import base64
from collections.abc import Iterator
from pathlib import Path

from hwaja.models.errors import ModelError


def convert(members: dict[str, bytes], folder: Path) -> None:
    """Write the model for sherpa-onnx's Moonshine v2 loader.

    Raises:
        ModelError: where the token table is cut.
    """
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (folder / name).write_bytes(members[name])
    with (folder / "tokens.txt").open("w", encoding="utf-8") as lines:
        for token_id, piece in enumerate(pieces(members["tokenizer.bin"])):
            lines.write(f"{_printable(piece)}\t{token_id}\n")


def pieces(table: bytes) -> Iterator[bytes]:
    """Yield the pieces of a tokenizer.bin: each a length, then as many bytes.

    A length below 128 takes one byte; a longer one two, the first with its high bit set.

    Raises:
        ModelError: where the table ends inside a piece.
    """
    at = 0
    while at < len(table):
        length = table[at]
        at += 1
        if length >= 128:
            if at >= len(table):
                raise ModelError("The token table of Moonshine is cut.")
            length = (length - 128) + 128 * table[at]
            at += 1
        if at + length > len(table):
            raise ModelError("The token table of Moonshine is cut.")
        yield table[at : at + length]
        at += length
