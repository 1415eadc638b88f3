"""Finds the places of a text that sound like a hotword.

A recogniser writes a name that it does not know as other words that sound alike: "산기탕" for
"삼계탕". The distance between the two is the number of sounds to insert, delete or replace.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MAX_DISTANCE = 0.34
"""Largest distance at which a place sounds like a hotword, per sound of the hotword."""

_PLAIN = {"KHIEUKH": "KIYEOK", "THIEUTH": "TIKEUT", "PHIEUPH": "PIEUP", "CHIEUCH": "CIEUC"} | (
    {"AE": "E", "YAE": "YE", "WAE": "WE", "OE": "WE"}
)
"""Unicode's names of jamo, and those that count as the same sound."""

_STEP = 1 << 20
"""A cost is counted in these steps; the remainder is where the place begins."""
_IMPOSSIBLE = 1 << 50


def replacements(text: str, hotwords: Sequence[str]) -> list[tuple[float, str]]:
    """Return texts in which a hotword replaces what sounds like it, each with the distance.

    Each hotword replaces one place: the most similar one; of several, the first; of those that
    overlap, the longest. The smallest distance comes first.
    """
    best: dict[str, tuple[float, int, int]] = {}
    for distance, hotword, start, stop in _places(text, hotwords):
        if contains(text[max(0, start - len(hotword)) : stop + len(hotword)], hotword):
            continue
        least, _, end = best.get(hotword, (np.inf, 0, 0))
        if distance < least or (distance == least and start < end):
            best[hotword] = (distance, start, stop)
    return sorted(
        (distance, text[:start] + hotword + text[stop:])
        for hotword, (distance, start, stop) in best.items()
    )


def contains(text: str, hotword: str) -> bool:
    """Return whether a hotword is in a text; words of Latin letters must not go on beside it."""
    start = text.find(hotword)
    while start >= 0:
        if _divides(text, start) and _divides(text, start + len(hotword)):
            return True
        start = text.find(hotword, start + 1)
    return False


def sounds(text: str) -> list[tuple[str, int]]:
    """Return the sounds of a text, each with the index of its character.

    They are those of Hangul, and the letters and digits of other scripts. Plain, tense and
    aspirated consonants count as one sound, and so do vowels that most people speak alike. The
    silent consonant of a syllable counts as none.
    """
    found: list[tuple[str, int]] = []
    for index, character in enumerate(text):
        for part in unicodedata.normalize("NFD", character.casefold()):
            name = unicodedata.name(part, "")
            if name.startswith("HANGUL") and name != "HANGUL CHOSEONG IEUNG":
                jamo = name.split()[-1].split("-")
                found += [(_PLAIN.get(each, each.removeprefix("SSANG")), index) for each in jamo]
            elif part.isalnum() and not name.startswith("HANGUL"):
                found.append((part, index))
    return found


def _places(text: str, hotwords: Sequence[str]) -> Iterator[tuple[float, str, int, int]]:
    """Yield distance, hotword, start and stop of the places that sound like a hotword.

    For each character at which a place may end, it is the most similar place that ends there.
    Sellers' algorithm: column j of `costs` is the cost of the first j sounds of each hotword.
    """
    heard = sounds(text)
    indices = [-1, *(index for _, index in heard), len(text)]
    begins = [a != b and _divides(text, b) for a, b in pairwise(indices)]
    ends = [a != b and _divides(text, a + 1) for a, b in pairwise(indices)][1:]
    numbers, lengths, targets = _numbered(hotwords)
    inserted = np.arange(targets.shape[1] + 1) * _STEP
    rows = np.arange(len(hotwords))
    costs = np.full((len(hotwords), len(inserted)), _IMPOSSIBLE)
    for k, (sound, index) in enumerate(heard):
        if begins[k]:
            costs[:, 0] = -k
            costs = np.minimum.accumulate(costs - inserted, axis=1) + inserted
        replaced = costs[:, :-1] + np.where(targets == numbers.get(sound, -2), 0, _STEP)
        costs = np.pad(
            np.minimum(replaced, costs[:, 1:] + _STEP),
            ((0, 0), (1, 0)),
            constant_values=_IMPOSSIBLE,
        )
        costs = np.minimum.accumulate(costs - inserted, axis=1) + inserted
        if ends[k]:
            cost = costs[rows, lengths]
            for row in np.flatnonzero(cost <= MAX_DISTANCE * lengths * _STEP).tolist():
                steps = -(-int(cost[row]) // _STEP)
                first = steps * _STEP - int(cost[row])
                yield steps / int(lengths[row]), hotwords[row], heard[first][1], index + 1


def _numbered(
    hotwords: Sequence[str],
) -> tuple[dict[str, int], NDArray[np.int64], NDArray[np.int64]]:
    """Return a number for each sound, and the lengths and numbers of the hotwords' sounds."""
    numbers: dict[str, int] = {}
    rows = [
        [numbers.setdefault(sound, len(numbers)) for sound, _ in sounds(each)] for each in hotwords
    ]
    lengths = np.array([len(row) for row in rows])
    targets = np.full((len(rows), max(lengths)), -1)
    for row, target in zip(rows, targets, strict=True):
        target[: len(row)] = row
    return numbers, lengths, targets


def _divides(text: str, index: int) -> bool:
    """Return whether a place may begin or end before a character: not within a Latin word."""
    return not all(
        character.isupper() or character.islower() or character.isdigit()
        for character in (text[index - 1 : index] or " ") + (text[index : index + 1] or " ")
    )
