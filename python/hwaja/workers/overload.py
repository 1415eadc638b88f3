"""Decides which work the server skips under overload. The caller passes the time.

The least important work is skipped first. A running session keeps its final texts: they come late,
but complete. A session that uses more of the workers than its share waits for the others. It causes
its own delay, so only its own work is skipped.
"""

import math
from enum import IntEnum

CALM_SECONDS = 5.0
"""While answers are awaited, the level falls by one when they were prompt for this long."""


class DegradationLevel(IntEnum):
    """Which work is skipped. Each level includes the lower levels."""

    NOTHING = 0
    THOROUGH_SEARCH = 1
    """The thorough search for a text, which only idle workers do (`workers/efforts.py`)."""
    BEAM_SEARCH = 2
    """The beam search for a text. Without it, the search is greedy."""
    INTERIMS = 3
    """Interim texts."""
    SPEAKER_DETAILS = 4
    """Speaker changes within an utterance, and learning of voices. Without them, an utterance has
    one speaker."""
    NEW_SESSIONS = 5
    """New clients are refused."""


BEGINS_AT_SECONDS = {
    DegradationLevel.THOROUGH_SEARCH: 1.0,
    DegradationLevel.BEAM_SEARCH: 2.0,
    DegradationLevel.INTERIMS: 2.5,
    DegradationLevel.SPEAKER_DETAILS: 4.0,
    DegradationLevel.NEW_SESSIONS: 6.0,
}
"""A level begins when an answer is this late. On a machine without overload, at most 1 answer in 20
is later than 2 s (bench/RESULTS.md)."""

ENDS_BELOW = 0.5
"""Answers are prompt again below this fraction of `BEGINS_AT_SECONDS`: hysteresis, so that a level
does not switch on and off."""


class Overload:
    """Sets the degradation level from the delay of the answers."""

    def __init__(self) -> None:
        self._level = DegradationLevel.NOTHING
        self._prompt_since: float | None = None

    @property
    def level(self) -> DegradationLevel:
        """The current degradation level."""
        return self._level

    def skips(self, level: DegradationLevel) -> bool:
        """Return whether this level of work is skipped now."""
        return self._level >= level

    def observe(self, lag_seconds: float, now: float) -> bool:
        """Take the current lag of the answers, and set the degradation level.

        Args:
            lag_seconds: how long ago the oldest unanswered utterance ended, over all sessions that
                are not ahead of real time. 0: all utterances are answered.
            now: seconds of a monotonic clock.

        Returns:
            Whether the level changed.

        """
        before = self._level
        if lag_seconds == 0:  # all is answered; a new answer can be late only after seconds
            self._level, self._prompt_since = DegradationLevel.NOTHING, None
            return before is not DegradationLevel.NOTHING
        wanted = max(
            (level for level, begins in BEGINS_AT_SECONDS.items() if lag_seconds >= begins),
            default=DegradationLevel.NOTHING,
        )
        if wanted > before:
            self._level = wanted
        if (
            before is DegradationLevel.NOTHING
            or lag_seconds >= ENDS_BELOW * BEGINS_AT_SECONDS[before]
        ):
            self._prompt_since = None
        elif self._prompt_since is None:
            self._prompt_since = now
        elif now - self._prompt_since >= CALM_SECONDS:
            self._level = DegradationLevel(before - 1)
            self._prompt_since = now
        return self._level is not before


EXPENSIVE_FROM_SHARES = 1.25
"""A session becomes expensive when it uses at least this many shares of the workers. At this use it
begins to wait (`workers/charges.py`), so it may never reach a higher threshold."""

EXPENSIVE_TO_SHARES = 1.0
"""An expensive session stays expensive while it uses at least this many shares: the other sessions
may leave it no more than one share. A session that uses less does not cause its own delay."""


class SessionOverload(Overload):
    """The degradation of one session: that of all sessions, or more if its own answers are late."""

    def __init__(self, of_all: Overload) -> None:
        super().__init__()
        self._of_all = of_all
        self._expensive_at = -math.inf
        self.is_expensive = False
        """Whether the session uses far more than its share of the workers, and thus waits."""

    def skips(self, level: DegradationLevel) -> bool:
        """Return whether this level of work is skipped for this session now."""
        return self._of_all.skips(level) or super().skips(level)

    def take_shares(self, shares: float, now: float) -> None:
        """Take the recent use of the workers by the session, in shares, at `now`."""
        self.is_expensive = shares >= (
            EXPENSIVE_TO_SHARES if self.is_expensive else EXPENSIVE_FROM_SHARES
        )
        if self.is_expensive:
            self._expensive_at = now

    def shared_lag_seconds(self, lag_seconds: float, now: float) -> float:
        """Return the part of the session's lag that it did not cause itself.

        This is at most the time since the session was last expensive.
        """
        return min(lag_seconds, now - self._expensive_at)
