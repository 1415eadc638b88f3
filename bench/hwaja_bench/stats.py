"""Shares, ratios and times with 95 % confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hwaja.selection.chance import CONFIDENCE, Interval, resampled


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a count, with Wilson's interval."""

    count: int
    of: int
    share: float | None
    """None where the total is 0."""
    interval: Interval

    def __str__(self) -> str:
        if self.share is None:
            return "-"
        return f"{percent(self.share)} ({self.count}/{self.of}) {interval_text(self.interval)}"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of sums over conversations, with a bootstrap interval where there are several."""

    ratio: float
    interval: Interval | None

    def __str__(self) -> str:
        return f"{percent(self.ratio)} {interval_text(self.interval)}".strip()


@dataclass(frozen=True, slots=True)
class Spread:
    """Distribution of times, in seconds; None without times."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None

    def __str__(self) -> str:
        if not self.count:
            return "none"
        return f"p50 {self.p50:.2f} s, p95 {self.p95:.2f} s, max {self.longest:.2f} s"


def wilson(successes: int, trials: int) -> Interval:
    """Return the interval of a share; 0 to 1 without trials."""
    if trials == 0:
        return 0.0, 1.0
    found = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def bootstrap(parts: Sequence[tuple[float, float]], seed: int) -> Interval | None:
    """Return the interval of sum of numerators over sum of denominators, resampling the pairs.

    None for less than two pairs, or where the denominator of a sample could be 0.
    """
    pairs = np.asarray(parts, np.float64).reshape(-1, 2)
    if len(pairs) < 2 or (pairs[:, 1] <= 0).any():
        return None
    numerators, denominators = pairs.T
    return resampled(lambda at: numerators[at].sum(1) / denominators[at].sum(1), len(pairs), seed)


def share(count: int, of: int) -> Share:
    """Return a share with its interval."""
    return Share(count, of, count / of if of else None, wilson(count, of))


def share_of(hits: Sequence[bool]) -> Share:
    """Return the share of True values."""
    return share(sum(hits), len(hits))


def ratio(parts: Sequence[tuple[float, float]], seed: int) -> Ratio | None:
    """Return a ratio of sums; None where the denominator is 0."""
    whole = sum(denominator for _, denominator in parts)
    if whole <= 0:
        return None
    return Ratio(sum(numerator for numerator, _ in parts) / whole, bootstrap(parts, seed))


def spread(seconds: Sequence[float]) -> Spread:
    """Summarise times, to the millisecond."""
    if not len(seconds):
        return Spread(0, None, None, None, None)
    found = np.percentile(seconds, [50, 95, 99, 100])
    return Spread(len(seconds), *(round(float(each), 3) for each in found))


def slope(at: Sequence[float], values: Sequence[float]) -> float:
    """Return the growth of values per unit of `at`, by least squares."""
    return float(stats.linregress(at, values).slope)


def percent(part: float) -> str:
    """Return a share as per cent."""
    return f"{100 * part:.1f} %"


def interval_text(interval: Interval | None) -> str:
    """Return an interval as per cent; empty for none."""
    return "" if interval is None else f"[{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"
