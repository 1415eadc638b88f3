"""Limits a rate by a token bucket. It reads no clock."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """A token bucket, which fills at a steady rate.

    An amount beyond its content is not refused. The caller waits until the bucket has filled again.
    """

    per_second: float
    burst: float
    """The capacity: the amount that may be taken at once from a full bucket."""
    _owed: float = field(default=0.0, init=False)
    """The part of the burst that has not filled up again."""
    _taken_at: float = field(default=0.0, init=False)

    def take(self, amount: float, now: float) -> float:
        """Take an amount at `now`, in seconds of any clock; return the seconds to wait."""
        filled = (now - self._taken_at) * self.per_second
        self._owed = max(0.0, self._owed - filled) + amount
        self._taken_at = now
        return max(0.0, self._owed - self.burst) / self.per_second
