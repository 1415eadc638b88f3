"""How much of something may come in how short a time; knows no clock."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """A bucket that fills at a steady rate (a token bucket).

    What is more than it holds is not refused but owed: whoever takes it waits.
    """

    per_second: float
    burst: float
    """How much may come at once after a rest."""
    _owed: float = field(default=0.0, init=False)
    """How much of the burst has not filled up again."""
    _taken_at: float = field(default=0.0, init=False)

    def take(self, amount: float, now: float) -> float:
        """Take an amount at `now`, in seconds of any clock; return the seconds to wait for it."""
        filled = (now - self._taken_at) * self.per_second
        self._owed = max(0.0, self._owed - filled) + amount
        self._taken_at = now
        return max(0.0, self._owed - self.burst) / self.per_second
