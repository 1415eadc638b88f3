"""What the tests of the adapters share: people, and the examples of docs/integrations.md."""

import re
from pathlib import Path
from typing import Any

import clips

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "integrations.md"


def people() -> dict[str, bytes]:
    """The people of the clips, as an adapter takes them."""
    return dict(zip(["Beckett", "Dickens"], clips.voices(), strict=True))


def example(framework: str) -> dict[str, Any]:
    """Import a framework's example; return its names."""
    text = GUIDE.read_text(encoding="utf-8")
    code = re.search(rf"<!-- example: {framework} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert code
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code[1], str(GUIDE), "exec"), names)  # noqa: S102 - it is our own
    return names
