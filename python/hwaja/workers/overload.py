"""What is left out while there is more to do than can be done; no clock.

What is missed least goes first, and whoever is in the middle of a conversation keeps its texts:
they come late, but whole. A session that takes more of the workers than its share waits for the
others: it is late by its own doing, and leaves out its own.
"""

import math
from enum import IntEnum

CALM_SECONDS = 5.0
"""How long answers must be prompt before one thing more is done again, while any is awaited."""


class DegradationLevel(IntEnum):
    """What is left out, each with all that is above it."""

    NOTHING = 0
    INTERIMS = 1
    """Interim texts."""
    SPEAKER_DETAILS = 2
    """Who speaks in the midst of an utterance, and learning voices: each has one speaker."""
    NEW_SESSIONS = 3
    """Clients that are not there yet are turned away."""


BEGINS_AT_SECONDS = {
    DegradationLevel.INTERIMS: 2.5,
    DegradationLevel.SPEAKER_DETAILS: 4.0,
    DegradationLevel.NEW_SESSIONS: 6.0,
}
"""How late an answer must be. A machine that keeps up is later than 2 s in 1 answer of 20 at most
(bench/RESULTS.md)."""

ENDS_BELOW = 0.5
"""Of these, under which answers are prompt again; so it does not go on and off."""


class Overload:
    """How much is left out, from how late the answers are."""

    def __init__(self) -> None:
        self._relief = DegradationLevel.NOTHING
        self._prompt_since: float | None = None

    @property
    def relief(self) -> DegradationLevel:
        """What is left out at the moment."""
        return self._relief

    def leaves_out(self, relief: DegradationLevel) -> bool:
        """Say whether something is left out at the moment."""
        return self._relief >= relief

    def observe(self, lag_seconds: float, now: float) -> bool:
        """Take how long ago the oldest utterance ended that is not answered, and say what changed.

        Args:
            lag_seconds: of all sessions that are not ahead; 0 where all are answered.
            now: seconds of a monotonic clock.

        Returns:
            Whether something else is left out than before.

        """
        before = self._relief
        if lag_seconds == 0:  # all is done; it takes seconds until any of it can be late again
            self._relief, self._prompt_since = DegradationLevel.NOTHING, None
            return before is not DegradationLevel.NOTHING
        wanted = max(
            (relief for relief, begins in BEGINS_AT_SECONDS.items() if lag_seconds >= begins),
            default=DegradationLevel.NOTHING,
        )
        if wanted > before:
            self._relief = wanted
        if (
            before is DegradationLevel.NOTHING
            or lag_seconds >= ENDS_BELOW * BEGINS_AT_SECONDS[before]
        ):
            self._prompt_since = None
        elif self._prompt_since is None:
            self._prompt_since = now
        elif now - self._prompt_since >= CALM_SECONDS:
            self._relief = DegradationLevel(before - 1)
            self._prompt_since = now
        return self._relief is not before


DEAR_FROM_SHARES = 1.25
"""What a session takes of the workers, in shares, from which on it is dear: it waits from then on
(`workers/charges.py`), and so may never take more."""

DEAR_TO_SHARES = 1.0
"""What it takes at least while it stays dear. It may be all that the others leave it of what it
wants; who has less than a share is late by no doing of its own."""


class SessionOverload(Overload):
    """What is left out of one session: what is of all, and more where its own answers are late."""

    def __init__(self, of_all: Overload) -> None:
        super().__init__()
        self._of_all = of_all
        self._dear_at = -math.inf
        self.is_dear = False
        """Whether it takes far more of the workers than its share, and so waits for the others."""

    def leaves_out(self, relief: DegradationLevel) -> bool:
        """Say whether something is left out of this session at the moment."""
        return self._of_all.leaves_out(relief) or super().leaves_out(relief)

    def take_shares(self, shares: float, now: float) -> None:
        """Learn how many shares of the workers the session took of late."""
        self.is_dear = shares >= (DEAR_TO_SHARES if self.is_dear else DEAR_FROM_SHARES)
        if self.is_dear:
            self._dear_at = now

    def shared_lag_seconds(self, lag_seconds: float, now: float) -> float:
        """Return how much of the session's lag is not of its own doing: since it last was dear."""
        return min(lag_seconds, now - self._dear_at)
