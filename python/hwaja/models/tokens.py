"""The token table of sherpa-onnx for byte-level pieces."""

import base64
from collections.abc import Mapping


def token_table(pieces: Mapping[int, bytes]) -> str:
    """Return tokens.txt: the bytes in base64 and the token's number, a line each."""
    lines = (
        f"{base64.b64encode(piece).decode('ascii')} {token}\n"
        for token, piece in sorted(pieces.items())
    )
    return "".join(lines)
