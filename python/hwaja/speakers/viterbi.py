"""Turns inside an utterance: who speaks in which of its windows.

People answer without a pause, so one utterance may hold several voices. Each window votes with the
evidence of its embedding; a change of speaker costs as much as it is unlikely. The cheapest path
through the windows (Viterbi, 1967) says who speaks when.
"""

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.calibration import evidence_per_score

CHANGE_COST = 2.0
"""Natural log-odds against a change of speaker from one window to the next. At 1.5 more single
voices are cut in two, at 6 one change in five is missed (bench/RESULTS.md)."""

_EVIDENCE = evidence_per_score(WINDOW_SAMPLES / SAMPLE_RATE) * HOP_SAMPLES / WINDOW_SAMPLES
"""Of a difference of 1 in one window, of whose audio its neighbours have most as well."""


def find_turns(leanings: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the turns of an utterance, in order, as windows `[first, stop)`.

    Args:
        leanings: of its windows, shape (n, voices) with n >= 1; see `Voices.leanings`.

    """
    turns = []
    first = 0
    for _, windows in groupby(_cheapest_path(leanings * _EVIDENCE)):
        stop = first + len(list(windows))
        turns.append((first, stop))
        first = stop
    return turns


def _cheapest_path(evidence: NDArray[np.float32]) -> list[int]:
    """Return the voice of each window that makes the evidence, less the changes, the most."""
    total = evidence[0]
    origins = []
    for step in evidence[1:]:
        leader = int(total.argmax())
        changes = total[leader] - CHANGE_COST > total
        origins.append(np.where(changes, leader, np.arange(len(total))))
        total = np.where(changes, total[leader] - CHANGE_COST, total) + step
    path = [int(total.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return path[::-1]
