"""What sherpa-onnx's results say of themselves, as JSON.

Their property `text` leaks: each time it is read, a Python string is made that is never freed, so
everything that was ever said would stay in the worker. `tokens` must be text, which half a
character is not. The result as JSON has both; where it is no text either, the error has its bytes.
"""

import json
from typing import Any


def written(result: Any) -> dict[str, Any]:
    """Return the fields of a result; bytes that are no characters are escaped as surrogates."""
    try:
        content = str(result).encode()
    except UnicodeDecodeError as error:
        content = error.object
    # Not strict: it does not escape what is no JSON in a string, as a line feed is not.
    fields: dict[str, Any] = json.loads(content.decode(errors="surrogateescape"), strict=False)
    return fields


def text_of(fields: dict[str, Any]) -> str:
    """Return the text of a result; bytes that are no characters go."""
    text: str = fields["text"]
    return text.encode(errors="surrogateescape").decode(errors="ignore").strip()
