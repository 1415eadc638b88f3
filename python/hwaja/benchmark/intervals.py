"""Confidence intervals of 95 %."""

import math
from collections.abc import Sequence

import numpy as np

Z = 1.959964
"""Quantile of the normal distribution that leaves 2.5 % above it."""

RESAMPLES = 2000
"""Bootstrap samples; the ends of an interval are then known to a few per cent of its width."""

Interval = tuple[float, float]


def wilson(successes: int, trials: int) -> Interval:
    """Return the interval of a share; the whole range where nothing was tried.

    After E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = Z**2 / trials
    centre = share + spread / 2
    reach = Z * math.sqrt((share * (1 - share) + spread / 4) / trials)
    return max(0.0, (centre - reach) / (1 + spread)), min(1.0, (centre + reach) / (1 + spread))


def bootstrap(parts: Sequence[tuple[float, float]], seed: int) -> Interval | None:
    """Return the interval of sum of numerators over sum of denominators, resampling the pairs.

    None for less than two pairs, or where a sample could have nothing to divide by.
    """
    pairs = np.asarray(parts, np.float64).reshape(-1, 2)
    if len(pairs) < 2 or (pairs[:, 1] <= 0).any():
        return None
    drawn = np.random.default_rng(seed).integers(len(pairs), size=(RESAMPLES, len(pairs)))
    numerators, denominators = pairs[drawn].sum(axis=1).T
    low, high = np.percentile(numerators / denominators, (2.5, 97.5))
    return float(low), float(high)
