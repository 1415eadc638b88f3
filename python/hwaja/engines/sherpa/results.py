"""Reads sherpa-onnx's results from their JSON form.

The result's property `text` leaks: each read creates a Python string that is never freed, so all
recognised text would stay in the worker's memory. The property `tokens` fails on a token that is a
part of a character. The JSON form has both fields. Where it is no valid UTF-8, the bytes are read
from the decoding error.
"""

import json
from typing import Any


def written(result: Any) -> dict[str, Any]:
    """Return the fields of a result; invalid UTF-8 bytes are escaped as surrogates."""
    try:
        content = str(result).encode()
    except UnicodeDecodeError as error:
        content = error.object
    # Not strict: sherpa-onnx does not escape control characters in strings, such as line feeds.
    fields: dict[str, Any] = json.loads(content.decode(errors="surrogateescape"), strict=False)
    return fields


def text_of(fields: dict[str, Any]) -> str:
    """Return the text of a result; invalid UTF-8 bytes are removed."""
    text: str = fields["text"]
    return text.encode(errors="surrogateescape").decode(errors="ignore").strip()
