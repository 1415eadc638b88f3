"""Lines of the log that say the same again and again: the first are written, the rest counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Line = Mapping[str, Any]
"""An event and its fields, as structlog has them."""

WHOLE_LINES = 3
"""Of the same lines, so many are written before the rest is counted: what somebody does twice by
hand is seen twice."""

PERIOD_SECONDS = 10.0
"""How long they are counted before the count is written."""

MAX_KINDS = 1000
"""Different lines in a period; more end it early, so that memory is bounded."""


@dataclass
class _Seen:
    last: Line
    written: int
    counted: int = 0


class RepeatedLines:
    """What was said in the current period; no clock."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self.ends: float | None = None
        """When the period ends, on the clock of `take`; None where nothing was said."""

    def take(self, line: Line, now: float) -> list[Line]:
        """Return what is to be written now that `line` came; nothing where it is only counted."""
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
        """End the period if its time is over; returns the counts that are to be written."""
        return self.end(now) if self.ends is not None and now >= self.ends else []

    def end(self, now: float) -> list[Line]:
        """End the period; what was counted in it is only counted in the next one, too."""
        counted = {kind: seen for kind, seen in self._seen.items() if seen.counted}
        self._seen = {kind: _Seen(seen.last, WHOLE_LINES) for kind, seen in counted.items()}
        self.ends = now + PERIOD_SECONDS if counted else None
        return [{**seen.last, "repeated": seen.counted} for seen in counted.values()]


def _without_time(line: Line) -> str:
    return repr([field for field in line.items() if field[0] != "timestamp"])
