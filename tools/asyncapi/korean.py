"""What the tables of the protocol say, in Korean: `korean.toml` has each sentence.

It is found by the whole English one. So one that changes has to be translated anew before
the Korean page can be made again.
"""

import re
import tomllib
from pathlib import Path

from tools.asyncapi.document import ROOT

FILE = ROOT / "docs" / "ko" / "protocol.md"
"""The Korean page."""

_TABLE = Path(__file__).with_suffix(".toml")

_CODE = re.compile(r"`[^`]*`")

SENTENCES: dict[str, str] = {
    sentence["en"]: sentence["ko"]
    for sentence in tomllib.loads(_TABLE.read_text(encoding="utf-8"))["sentence"]
}


def say(english: str) -> str:
    """Return the Korean of what a table says; code alone stays as it is.

    Raises:
        KeyError: for what `korean.toml` lacks.

    """
    if not re.search(r"\w", _CODE.sub("", english)):
        return english
    return SENTENCES[english]
