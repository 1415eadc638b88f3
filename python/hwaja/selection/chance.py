"""Confidence intervals by the bootstrap."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwaja.selection.error_counts import Count

CONFIDENCE = 0.95

RESAMPLES = 2000
"""Bootstrap samples; the interval's ends are then accurate to a few per cent of its width."""

Interval = tuple[float, float]


def resampled(
    statistic: Callable[[NDArray[np.intp]], NDArray[Any]], size: int, seed: int
) -> Interval:
    """Return the percentile interval of a statistic of `size` things, drawn with replacement.

    Args:
        statistic: takes the indices of the drawn things, shape (RESAMPLES, size); returns one value
            for each row.
        size: number of things, at least 2.
        seed: that of the drawing.

    """
    drawn = np.random.default_rng(seed).integers(0, size, (RESAMPLES, size))
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(statistic(drawn), [tail, 100 - tail])
    return float(low), float(high)


def difference(first: Sequence[Count], other: Sequence[Count], seed: int = 1) -> Interval | None:
    """Return the interval of the difference between two error rates on the same recordings.

    Args:
        first: errors and length of each recording.
        other: the same of another recogniser.
        seed: that of the bootstrap.

    Returns:
        The ends of the interval of `other` minus `first`, as shares. None for less than two
        recordings.

    """
    if len(first) < 2:
        return None
    errors, lengths = (np.array(column, float) for column in zip(*first, strict=True))
    changes = np.array([errors for errors, _ in other], float) - errors
    return resampled(lambda at: changes[at].sum(1) / lengths[at].sum(1), len(first), seed)
