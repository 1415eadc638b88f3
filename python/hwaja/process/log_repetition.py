"""Limits repeated log lines: the first ones are written, the rest are counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Line = Mapping[str, Any]
"""A structlog event: its fields by name."""

WHOLE_LINES = 3
"""Number of equal lines to write before the rest are counted. Two equal actions by hand thus show
as two lines."""

PERIOD_SECONDS = 10.0
"""Length of the period after which the counts are written."""

MAX_KINDS = 1000
"""Most different lines in a period. One more ends the period early, which bounds the memory."""


@dataclass
class _Seen:
    last: Line
    written: int
    counted: int = 0


class RepeatedLines:
    """The lines of the current period. The caller passes the time."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self.ends: float | None = None
        """When the period ends, on the clock of `take`. None: the period has no lines."""

    def take(self, line: Line, now: float) -> list[Line]:
        """Take a line. Return the lines to write at `now`, in seconds of any one clock.

        They are the counts of a period that ends, and `line` itself unless it is only counted.
        """
        kind = _without_time(line)
        ended = self.end(now) if len(self._seen) >= MAX_KINDS else self.end_if_due(now)
        if self.ends is None:
            self.ends = now + PERIOD_SECONDS
        seen = self._seen.setdefault(kind, _Seen(line, 0))
        seen.last = line
        if seen.written < WHOLE_LINES:
            seen.written += 1
            return [*ended, line]
        seen.counted += 1
        return ended

    def end_if_due(self, now: float) -> list[Line]:
        """End the period if its time is over. Return the counts to write."""
        return self.end(now) if self.ends is not None and now >= self.ends else []

    def end(self, now: float) -> list[Line]:
        """End the period. Return the counts to write.

        A line that was counted is only counted in the next period, too.
        """
        counted = {kind: seen for kind, seen in self._seen.items() if seen.counted}
        self._seen = {kind: _Seen(seen.last, WHOLE_LINES) for kind, seen in counted.items()}
        self.ends = now + PERIOD_SECONDS if counted else None
        return [{**seen.last, "repeated": seen.counted} for seen in counted.values()]


def _without_time(line: Line) -> str:
    return repr([field for field in line.items() if field[0] != "timestamp"])
