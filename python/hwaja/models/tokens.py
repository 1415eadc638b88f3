"""Writes sherpa-onnx's token table for byte-level pieces."""

import base64
from collections.abc import Mapping


def token_table(pieces: Mapping[int, bytes]) -> str:
    """Return the content of tokens.txt: each line has a piece in base64 and its number."""
    lines = (
        f"{base64.b64encode(piece).decode('ascii')} {token}\n"
        for token, piece in sorted(pieces.items())
    )
    return "".join(lines)
