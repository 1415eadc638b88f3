"""Compares texts without spaces, punctuation and case."""

from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from hwaja.selection.error_counts import edits, normalise, reading_edits


def error_rate(said: Iterable[str], heard: Iterable[str]) -> float:
    """Return the CER of all texts, concatenated.

    So the boundaries between texts do not affect the CER.
    """
    reference = normalise("".join(said))
    return edits(reference, normalise("".join(heard))) / len(reference)


def reading_error_rate(said: Iterable[str], heard: Iterable[str]) -> float:
    """Return the CER of all texts by kocer: numbers and letters that are read alike count as right.

    The boundaries between the texts heard do not affect it.
    """
    count, of = reading_edits(said, heard)
    return count / of


def aligned(reference: str, hypothesis: str) -> list[tuple[int, int]]:
    """Return the positions of aligned characters, equal or different."""
    return [
        (block.src_start + i, block.dest_start + i)
        for block in Levenshtein.opcodes(reference, hypothesis)
        if block.tag in ("equal", "replace")
        for i in range(block.src_end - block.src_start)
    ]
