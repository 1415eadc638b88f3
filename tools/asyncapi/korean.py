"""Translates the sentences of the protocol's tables into Korean, from `korean.toml`.

The key is the whole English sentence. So a changed sentence needs a new translation before the
Korean page can be generated.
"""

import re
import tomllib
from pathlib import Path

from tools.asyncapi.document import ROOT

FILE = ROOT / "docs" / "ko" / "protocol.md"
"""File of the Korean page."""

_TABLE = Path(__file__).with_suffix(".toml")

_CODE = re.compile(r"`[^`]*`")

SENTENCES: dict[str, str] = {
    sentence["en"]: sentence["ko"]
    for sentence in tomllib.loads(_TABLE.read_text(encoding="utf-8"))["sentence"]
}


def say(english: str) -> str:
    """Return the Korean translation of a table cell; a cell with code only is unchanged.

    Raises:
        KeyError: where `korean.toml` has no translation.

    """
    if not re.search(r"\w", _CODE.sub("", english)):
        return english
    return SENTENCES[english]
