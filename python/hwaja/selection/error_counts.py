"""Counts the errors of a text against what was said, without punctuation and case."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

import kocer
from rapidfuzz.distance import Levenshtein

Count = tuple[int, int]
"""Number of errors, and number of characters or words that were said."""

_PIECE_CHARACTERS = 400
"""kocer needs time and memory of the second order, so a long text is compared in pieces."""


def normalise(text: str) -> str:
    """Return the letters and digits of a text, composed, in one case."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in composed if char.isalnum())


def edits(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Return the number of inserted, deleted and replaced characters, or words."""
    return Levenshtein.distance(reference, hypothesis)


def character_errors(said: str, heard: str) -> Count:
    """Count the wrong characters of `normalise`."""
    reference = normalise(said)
    return edits(reference, normalise(heard)), len(reference)


def word_errors(said: str, heard: str) -> Count:
    """Count the wrong words, for languages that separate words by spaces."""
    reference = _words(said)
    return edits(reference, _words(heard)), len(reference)


def reading_errors(said: str, heard: str) -> Count:
    """Count the wrong characters by kocer: Korean numbers and letters read alike are right."""
    return (
        reading_edits(textwrap.wrap(said, _PIECE_CHARACTERS), [heard]) if said.split() else (0, 0)
    )


def reading_edits(said: Iterable[str], heard: Iterable[str]) -> Count:
    """Count as `reading_errors` does, line by line.

    The boundaries between the texts heard do not affect the count.
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


def _words(text: str) -> list[str]:
    words = (normalise(word) for word in text.replace("-", " ").split())
    return [word for word in words if word]
