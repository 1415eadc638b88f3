"""Compares texts without spaces, punctuation and case."""

import unicodedata
from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein


def normalise(text: str) -> str:
    """Return the letters and digits of a text, composed, in one case."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in composed if char.isalnum())


def edits(reference: str, hypothesis: str) -> int:
    """Return the number of inserted, deleted and replaced characters."""
    return Levenshtein.distance(reference, hypothesis)


def error_rate(said: Iterable[str], heard: Iterable[str]) -> float:
    """Return the CER of all texts, concatenated.

    So the boundaries between texts do not affect the CER.
    """
    reference = normalise("".join(said))
    return edits(reference, normalise("".join(heard))) / len(reference)


def aligned(reference: str, hypothesis: str) -> list[tuple[int, int]]:
    """Return the positions of aligned characters, equal or different."""
    return [
        (block.src_start + i, block.dest_start + i)
        for block in Levenshtein.opcodes(reference, hypothesis)
        if block.tag in ("equal", "replace")
        for i in range(block.src_end - block.src_start)
    ]
