"""Repeats in a text: words that people say again, and those that a decoder in a loop writes again.

A decoder in a loop may also write a row of numbers: "1, 2, 3, 4, 5, 5, 5". A number of a row is
expected if it is one more or one less than the number before it, or if the row has it already.

A beam may write a sentence twice that was said once, each time with a high probability. The
alignment of the text with the audio tells: it has no audio left for the second time.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Token

MIN_SHARE = 0.5
"""Words said again take as long as the first time: at least 0.58 of it, for 50 sentences of the
voices that this was chosen on. Of 69 sentences that were said once and written twice, 67 had less
(bench/RESULTS.md)."""

MIN_GAP_SECONDS = 0.1
"""The last piece of the first time takes this long at least: 0.28 s for the same 50 sentences."""

MIN_PROBABILITY = 1e-6
"""Of a piece, so that its logarithm is finite."""

_REPEATED = re.compile(r"(.{2,}?)\1{2}|(.{4,}?)\2")
_LONG_REPEATED = re.compile(r"(.{4,}?)\1")
_ROW = re.compile(r"\b\d{1,9}(?:[\s,.-]+\d{1,9}){2,}\b")
_NUMBER = re.compile(r"\d+")
_RUN = re.compile(r"(.+?)\1{2,}|(.{4,}?)\2")  # what `may_loop` finds, and single letters


def may_loop(text: str) -> bool:
    """Return whether a text repeats words immediately, as a stuck decoder does.

    People do so seldom. A repeat is two letters or more three times in a row, or four letters or
    more twice. It justifies a second recognition of the audio, but not the removal of the text.
    """
    return _REPEATED.search(letters_of(text)) is not None


def may_count(text: str) -> bool:
    """Return whether a text has a row of numbers of which two are expected.

    A decoder in a loop writes such rows, and people count.
    """
    return len(_expected_numbers(text)) >= 2


def first_time_log_probability(tokens: Sequence[Token]) -> float | None:
    """Return the mean log-probability of a text's words, of repeated ones the first time only.

    To a decoder in a loop each repeat is likely, whatever it repeats, and so is each expected
    number: the mean over all of them tells nothing. None where the model gives no probabilities.
    """
    letters, places = _placed(tokens)
    again = _pieces_of(tokens, _expected_numbers("".join(token.text for token in tokens)))
    for found in _RUN.finditer(letters):
        unit, end = len(found[1] or found[2]), found.end()
        while end < len(letters) and letters[end] == letters[end - unit]:
            end += 1  # the last repeat may be cut off
        second = found.start() + unit
        again.update({*places[second:end]}.difference(places[found.start() : second]))
    first = [
        math.log(max(token.probability, MIN_PROBABILITY))
        for k, token in enumerate(tokens)
        if k not in again and letters_of(token.text) and token.probability is not None
    ]
    return sum(first) / len(first) if first else None


def without_unsaid_repeats(hypothesis: Hypothesis) -> Hypothesis:
    """Return a hypothesis that has words only once which it repeats, but which were said once.

    A repeat of fewer than four letters stays: the times of so few pieces are inexact.
    """
    tokens = hypothesis.tokens
    while (unsaid := _unsaid(tokens)) is not None:
        tokens = (*tokens[: unsaid.start], *tokens[unsaid.stop :])
    if len(tokens) == len(hypothesis.tokens):
        return hypothesis
    return replace(hypothesis, text="".join(token.text for token in tokens).strip(), tokens=tokens)


def letters_of(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return "".join(character for character in text.lower() if character.isalnum())


def _unsaid(tokens: Sequence[Token]) -> slice | None:
    """Return the pieces of the first repeat that was not said; None: all were said."""
    letters, places = _placed(tokens)
    again = 0
    while (found := _LONG_REPEATED.search(letters, again)) is not None:
        begin, again, end = (found.start() + k * len(found[1]) for k in range(3))
        first, second = places[begin:again], places[again:end]
        if any(places[edge - 1 : edge] == places[edge : edge + 1] for edge in (begin, again, end)):
            continue  # the words do not begin or end with pieces of their own
        first_seconds, second_seconds = (_seconds(tokens, each) for each in (first, second))
        longer, shorter = max(first_seconds, second_seconds), min(first_seconds, second_seconds)
        gap_seconds = tokens[second[0]].start_seconds - tokens[first[-1]].start_seconds
        if shorter >= MIN_SHARE * longer and gap_seconds >= MIN_GAP_SECONDS:
            continue
        if first_seconds < MIN_SHARE * second_seconds:
            return slice(first[0], second[0])
        return slice(second[0], places[end] if end < len(places) else len(tokens))
    return None


def _expected_numbers(text: str) -> list[slice]:
    """Return where the expected numbers of the rows are in a text."""
    found: list[slice] = []
    for row in _ROW.finditer(text):
        numbers: list[int] = []
        for each in _NUMBER.finditer(text, row.start(), row.end()):
            number = int(each[0])
            if numbers and (abs(number - numbers[-1]) == 1 or number in numbers):
                found.append(slice(each.start(), each.end()))
            numbers.append(number)
    return found


def _pieces_of(tokens: Sequence[Token], parts: Sequence[slice]) -> set[int]:
    """Return the indices of the pieces that have a character of these parts of the text."""
    pieces = [index for index, token in enumerate(tokens) for _ in token.text]
    return {index for part in parts for index in pieces[part]}


def _placed(tokens: Sequence[Token]) -> tuple[str, list[int]]:
    """Return the letters of a text, and the index of the piece that has each."""
    letters = [letters_of(token.text) for token in tokens]
    return "".join(letters), [k for k, each in enumerate(letters) for _ in each]


def _seconds(tokens: Sequence[Token], places: Sequence[int]) -> float:
    """Return the time from the first to the last of these pieces."""
    return tokens[places[-1]].start_seconds - tokens[places[0]].start_seconds
