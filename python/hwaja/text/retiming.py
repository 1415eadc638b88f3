"""Gives the tokens of a changed text their times.

Whatever changes a text (numbers, masking, spacing) calls `retimed` afterwards. The tokens that it
returns are pieces of the new text only, so they hold nothing that a mask has removed.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

from hwaja.protocol.values import Token

MOST_COMPARED = 1000
"""Most characters that are compared one by one, which takes time of the second order. A longer
change counts as one replacement."""


def retimed(tokens: Sequence[Token], text: str) -> tuple[Token, ...]:
    """Return tokens whose pieces join to `text`, with the times of `tokens`.

    An unchanged piece keeps its time and probability. A replaced piece gets those of the first
    token that it replaces. Text that was added between two tokens goes to the later one.

    Args:
        tokens: pieces of the text before the change, in order. Empty: the result is empty.
        text: the text after the change.

    """
    before = "".join(token.text for token in tokens)
    if before == text:
        return tuple(tokens)
    moves = _moves(before, text)
    pieces, start, old_start = [], 0, 0
    for index, token in enumerate(tokens):
        old_stop = old_start + len(token.text)
        stop = len(text) if index == len(tokens) - 1 else _moved(old_stop, moves)
        pieces.append(Token(text[start:stop], token.start_seconds, token.probability))
        start, old_start = stop, old_stop
    return tuple(piece for piece in pieces if piece.text)


def _moved(place: int, moves: Sequence[tuple[int, int, int, int]]) -> int:
    """Return where a boundary of the old text lies in the new one.

    A boundary inside a replacement moves to its end, so that the replacement stays whole.
    """
    for old_start, old_stop, new_start, new_stop in moves:
        if place <= old_start:
            return new_start - (old_start - place)
        if place < old_stop:
            return new_stop
    _, old_stop, _, new_stop = moves[-1]
    return new_stop + (place - old_stop)


def _moves(before: str, after: str) -> list[tuple[int, int, int, int]]:
    """Return the replacements as (old start, old stop, new start, new stop), ascending."""
    first = _common_start(before, after)
    last = _common_start(before[first:][::-1], after[first:][::-1])
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    if max(len(old), len(new)) > MOST_COMPARED:
        return [(first, first + len(old), first, first + len(new))]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (first + old_start, first + old_stop, first + new_start, first + new_stop)
        for kind, old_start, old_stop, new_start, new_stop in matcher.get_opcodes()
        if kind != "equal"
    ]


def _common_start(one: str, other: str) -> int:
    """Return the number of characters with which both texts begin."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
