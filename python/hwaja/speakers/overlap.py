"""Divides the turns of an utterance where two people speak at once; no audio.

A speaker often begins before the last one has ended. The words before that belong to one of them,
the words after it to the other. So the time between becomes a part of its own.
"""

from collections.abc import Sequence
from itertools import pairwise

from hwaja.engines.interface import HOP_SAMPLES
from hwaja.protocol.audio import SAMPLE_RATE

Span = tuple[int, int]
"""Windows `[first, stop)` of an utterance."""

NAMED_SECONDS = 0.2
"""Least overlap for which a second speaker is named. A change without a pause has less
(bench/RESULTS.md, "Two people at once")."""

DIVIDED_SECONDS = 1.0
"""Least overlap for a part of its own. From 0.6 s on, the characters would have the wrong speaker
more often (bench/RESULTS.md, "Two people at once")."""

_BRIDGED_HOPS = 2
"""Shorter gaps belong to the overlap: 0.32 s."""

_OWN_HOPS = 3
"""Less time beside the overlap is no part of its own: 0.48 s, the length of a window."""


def divide_turns(turns: Sequence[Span], overlap: Sequence[float]) -> list[Span]:
    """Return the turns, with long overlaps as parts between them.

    An overlap becomes a part if the speaker changes there, if it lies at an end of the utterance
    (the speaker may have changed there), or if it makes up half of a turn or more. Another one, a
    word of a listener for instance, divides nothing.

    Args:
        turns: the turns of one voice each, in order; together they cover the utterance.
        overlap: share of overlap in each hop, in [0, 1].

    """
    edges = {0, len(overlap)} | {first for first, _ in turns}
    for first, stop in _long_overlaps(overlap):
        concerned = [turn for turn in turns if turn[1] > first - 1 and turn[0] < stop + 1]
        begin, end = concerned[0][0], concerned[-1][1]
        is_at_edge = first < _OWN_HOPS or len(overlap) - stop < _OWN_HOPS
        if len(concerned) == 1 and not is_at_edge and 2 * (stop - first) < end - begin:
            continue
        start = begin if first - begin < _OWN_HOPS else first
        stop = end if end - stop < _OWN_HOPS else stop
        if 2 * sum(overlap[start:stop]) < stop - start:
            continue
        edges -= {change for change, _ in concerned[1:]}
        edges |= {start, stop}
    return list(pairwise(sorted(edges)))


def _long_overlaps(overlap: Sequence[float]) -> list[Span]:
    """Return the overlaps of `DIVIDED_SECONDS` or more, in order."""
    found: list[Span] = []
    for hop, share in enumerate(overlap):
        if share < 0.5:
            continue
        if found and hop - found[-1][1] <= _BRIDGED_HOPS:
            found[-1] = (found[-1][0], hop + 1)
        else:
            found.append((hop, hop + 1))
    least_hops = DIVIDED_SECONDS * SAMPLE_RATE / HOP_SAMPLES
    return [(first, stop) for first, stop in found if stop - first >= least_hops]
