"""The words of a recognised text: when each was spoken, and how far it can be trusted."""

import math
from collections.abc import Iterator, Sequence

from hwaja.protocol.values import Token, Word

SLOPE = 0.793
OFFSET = 0.887
"""Of the logistic curve from a word's log-odds by the model to its expected share of right
characters. Fitted on half of the voices (bench/RESULTS.md, "Confidence of a text")."""

LEAST_PROBABILITY = 1e-4
"""A token's probability is at least this, and at most one minus this: log-odds are finite."""


def words_of(tokens: Sequence[Token], end_seconds: float) -> tuple[Word, ...]:
    """Return the words of a text; empty without tokens, and where one has no probability.

    Args:
        tokens: the pieces of the text. A word begins with a piece that begins with a space.
        end_seconds: when the speech of the text ends, on the tokens' time axis.

    """
    if not tokens or any(token.probability is None for token in tokens):
        return ()
    groups = list(_grouped(tokens))
    ends = [group[0].start_seconds for group in groups[1:]] + [end_seconds]
    return tuple(
        Word(text, group[0].start_seconds, max(group[0].start_seconds, end), _confidence(group))
        for group, end in zip(groups, ends, strict=True)
        if (text := "".join(token.text for token in group).strip())
    )


def confidence_of(words: Sequence[Word]) -> float | None:
    """Return the expected share of right characters of a text; None where it has no words."""
    characters = sum(len(word.text) for word in words)
    if not characters:
        return None
    return round(sum(len(word.text) * word.text_confidence for word in words) / characters, 4)


def _grouped(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    group: list[Token] = []
    for token in tokens:
        if group and token.text[:1].isspace():
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _confidence(tokens: Sequence[Token]) -> float:
    """Return the expected share of right characters of a word."""
    bounded = [
        min(max(token.probability or 0.0, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY)
        for token in tokens
    ]
    log_odds = sum(math.log(each / (1 - each)) for each in bounded) / len(bounded)
    return round(1 / (1 + math.exp(-SLOPE * log_odds - OFFSET)), 4)
