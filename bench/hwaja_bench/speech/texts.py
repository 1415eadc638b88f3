"""Compares texts without spaces, punctuation and case."""

import unicodedata
from collections.abc import Iterable

import kocer
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


def reading_error_rate(said: Iterable[str], heard: Iterable[str]) -> float:
    """Return the CER of all texts by kocer: numbers and letters that are read alike count as right.

    The boundaries between the texts heard do not affect it.
    """
    count, of = reading_edits(said, heard)
    return count / of


def reading_edits(said: Iterable[str], heard: Iterable[str]) -> tuple[int, int]:
    """Return the numerator and the denominator of `reading_error_rate`.

    kocer needs time and memory of the second order, so it gets one text at a time.
    """
    lines = list(said)
    measured = [
        kocer.measure(line, text)
        for line, text in zip(lines, _divided(" ".join(heard), lines), strict=True)
    ]
    return sum(each.errors for each in measured), sum(each.ref_len for each in measured)


def _divided(text: str, lines: list[str]) -> list[str]:
    """Divide a text at the places that are aligned with the boundaries between the lines."""
    blocks = Levenshtein.opcodes(" ".join(lines), text)
    pieces, start, stop = [], 0, -1
    for line in lines[:-1]:
        stop += len(line) + 1
        block = next(each for each in blocks if each.src_start <= stop <= each.src_end)
        end = min(block.dest_start + stop - block.src_start, block.dest_end)
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def aligned(reference: str, hypothesis: str) -> list[tuple[int, int]]:
    """Return the positions of aligned characters, equal or different."""
    return [
        (block.src_start + i, block.dest_start + i)
        for block in Levenshtein.opcodes(reference, hypothesis)
        if block.tag in ("equal", "replace")
        for i in range(block.src_end - block.src_start)
    ]
