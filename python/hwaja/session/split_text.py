"""The text of an utterance, divided between those who spoke in it."""

from collections.abc import Sequence
from itertools import pairwise

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Token

LEAD_SECONDS = 0.1
"""How far before a change of speaker the next one's first word is dated by Whisper. From 0 to 0.2 s
nothing changes (bench/RESULTS.md)."""

NEAR_SECONDS = 0.6
"""A change is told by the word that begins nearest to it, if one begins as near as this."""

MIN_LETTERS_PER_SECOND = 1.5
"""A part with fewer was left out: at times Whisper ends after the first of two voices."""


def divide(
    hypothesis: Hypothesis, changes_seconds: Sequence[float], speech_seconds: Sequence[float]
) -> list[Hypothesis] | None:
    """Return what was said in each part of an utterance.

    Args:
        hypothesis: of all of it.
        changes_seconds: where one part ends and the next begins, ascending, dated like the tokens.
        speech_seconds: how much is said in each part, one more than there are changes.

    Returns:
        One for each part, their tokens dated as they were; None where the tokens do not tell: there
        are none, no word begins near a change, or a part would have next to no text.

    """
    tokens = hypothesis.tokens
    cuts = [cut for seconds in changes_seconds if (cut := _cut(tokens, seconds)) is not None]
    if len(cuts) < len(changes_seconds):
        return None
    pieces = [tokens[first:stop] for first, stop in pairwise([0, *cuts, len(tokens)])]
    texts = ["".join(token.text for token in piece).strip() for piece in pieces]
    for text, seconds in zip(texts, speech_seconds, strict=True):
        if sum(letter.isalnum() for letter in text) < MIN_LETTERS_PER_SECOND * seconds:
            return None
    return [
        Hypothesis(text, piece, hypothesis.language)
        for text, piece in zip(texts, pieces, strict=True)
    ]


def _cut(tokens: Sequence[Token], change_seconds: float) -> int | None:
    """Return the place of the word that begins nearest to a change; None if none is near.

    Where nothing is between words, every token is one.
    """
    looked_for = change_seconds - LEAD_SECONDS

    def distance(place: int) -> float:
        return abs(tokens[place].start_seconds - looked_for)

    places = range(1, len(tokens))
    words = [place for place in places if tokens[place].text[:1].isspace()]
    near = [place for place in words or places if distance(place) < NEAR_SECONDS]
    return min(near, key=distance, default=None)
