"""Decides how many workers a pool has, between two limits. The caller passes the time.

More workers take seconds to load and maybe minutes to get a machine, and an idle one costs little.
So a pool grows soon and shrinks late.
"""

import math
from dataclasses import dataclass

from hwaja.workers.efforts import QUICK_FROM_USE, THOROUGH_BELOW_USE
from hwaja.workers.overload import BEGINS_AT_SECONDS, ENDS_BELOW, DegradationLevel

QUEUE_SECONDS = 2.0
"""Audio that may wait for each worker: an utterance, for its text or its voice."""

GROW_SECONDS = 5.0
"""A pool grows by one worker when it was too small for this long."""

SHRINK_SECONDS = 120.0
"""A pool shrinks by one worker when it was too large for this long."""

_LATE_SECONDS = BEGINS_AT_SECONDS[DegradationLevel.THOROUGH_SEARCH]


@dataclass(frozen=True, slots=True)
class Load:
    """What the workers have to do."""

    workers: int
    """Number of workers, with those that are starting."""
    queue_seconds: float
    """See `Pool.queue_seconds`."""
    lag_seconds: float
    """How late the oldest unanswered utterance is, see `Overload.observe`."""
    use: float
    """See `Pool.use`."""

    @property
    def is_high(self) -> bool:
        """Whether answers are late or worse for a lack of workers."""
        return (
            self.lag_seconds >= _LATE_SECONDS
            or self.queue_seconds >= QUEUE_SECONDS * self.workers
            or self.use >= QUICK_FROM_USE
        )

    @property
    def is_low(self) -> bool:
        """Whether one worker less would do everything as promptly and thoroughly."""
        return (
            self.lag_seconds < ENDS_BELOW * _LATE_SECONDS
            and self.queue_seconds < QUEUE_SECONDS
            and self.use * self.workers < THOROUGH_BELOW_USE * (self.workers - 1)
        )


class Scaling:
    """Observes the load of a pool, and says when its number of workers should change."""

    def __init__(self, least: int, most: int) -> None:
        """Keep the number of workers between `least` and `most`, both included."""
        self._least = least
        self._most = most
        self._high_since = math.inf
        self._low_since = math.inf

    def change(self, load: Load, now: float) -> int:
        """Return by how many workers the pool should grow: 1, 0 or -1.

        Args:
            load: the current load.
            now: seconds of a monotonic clock. Call it every second or so.

        """
        self._high_since = min(self._high_since, now) if load.is_high else math.inf
        self._low_since = min(self._low_since, now) if load.is_low else math.inf
        if now - self._high_since >= GROW_SECONDS and load.workers < self._most:
            self._high_since = now
            return 1
        if now - self._low_since >= SHRINK_SECONDS and load.workers > self._least:
            self._low_since = now
            return -1
        return 0
