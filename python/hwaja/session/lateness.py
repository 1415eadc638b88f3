"""Decides when a client is told that its answers are late, and that they no longer are.

The caller passes the time, in seconds of one monotonic clock.
"""

LATE_FROM_SECONDS = 2.0
"""An answer that is this late is reported. On a machine without overload, at most 1 in 20 is
(bench/RESULTS.md)."""

PROMPT_BELOW_SECONDS = 1.0
CALM_SECONDS = 5.0
"""Answers come in time again once none was later than this for so long. Between two late answers
nothing is awaited for a moment, which is no sign of the end."""

AGAIN_FACTOR = 2.0
"""A lag is reported again when it has grown by this factor."""


class Lateness:
    """Whether the answers of a session are late, as its client knows it."""

    def __init__(self) -> None:
        self._reported_seconds = 0.0  # the greatest one, since answers are late
        self._prompt_since: float | None = None

    def observe(self, lag_seconds: float, now: float) -> float | None:
        """Take how long the oldest answer is awaited; 0: none is.

        Returns:
            What to tell the client, in seconds; 0: answers come in time again. None: nothing.

        """
        if lag_seconds >= PROMPT_BELOW_SECONDS:
            self._prompt_since = None
        elif self._prompt_since is None:
            self._prompt_since = now
        if lag_seconds >= max(LATE_FROM_SECONDS, AGAIN_FACTOR * self._reported_seconds):
            self._reported_seconds = lag_seconds
            return lag_seconds
        is_calm = self._prompt_since is not None and now - self._prompt_since >= CALM_SECONDS
        if self._reported_seconds and is_calm:
            self._reported_seconds = 0.0
            return 0.0
        return None
