"""How far a stream of audio runs ahead of real time; knows no clock.

Who speaks sends a second of audio in a second. Who sends a file may send it faster: its audio is
not late because it was there early, and nobody sits before it and waits. Instants are seconds of
one monotonic clock.
"""

MARGIN_SECONDS = 10.0
"""How far ahead a live stream may seem: its first chunk was held up in a network, or its beginning
was spoken while the transcription was being started. A file that is sent at ten times real time has
passed it after little more than a second."""

MOST_SECONDS = 2 * MARGIN_SECONDS
"""More is not counted: whoever sends a file and then speaks is live again before long."""

LONGEST_GAP_SECONDS = 60.0
"""What was not sent for so long may come at once, and is live: a client that was cut off keeps its
audio for as long as the server keeps its session."""

FORGOTTEN_PER_SECOND = 0.5
"""How much of a lead is forgotten while the stream is caught up with: what comes at one and a half
times real time or less, and is answered as fast, is as good as live."""


class Pace:
    """Whether one stream is live or ahead, by when its audio came."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin another stream, of which nothing came yet."""
        self._lead_seconds = 0.0  # of the last audio's beginning, when it came
        self._last_seconds = 0.0  # how long the last audio was
        self._came_at: float | None = None
        self.is_ahead = False
        """Whether it came faster than it can have been spoken, and was not caught up with since."""

    def came(self, seconds: float, at: float, *, caught_up: bool) -> None:
        """Learn that the next audio came.

        Args:
            seconds: how much.
            at: when.
            caught_up: whether everything before was answered, and this was waited for. Until then a
                stream that is ahead stays so, however slowly the rest comes: it is the server that
                holds it back.

        """
        lead_seconds = self._lead_seconds + self._last_seconds
        if caught_up or not self.is_ahead:
            lead_seconds -= self._since(at)
        if caught_up:
            forgotten_seconds = FORGOTTEN_PER_SECOND * self._since(at)
            lead_seconds -= min(forgotten_seconds, max(0.0, lead_seconds))
        self._lead_seconds = min(max(lead_seconds, -LONGEST_GAP_SECONDS), MOST_SECONDS)
        self._last_seconds, self._came_at = seconds, at
        self.is_ahead = self._lead_seconds + seconds > MARGIN_SECONDS

    def early_seconds(self, now: float) -> float:
        """Return how long it takes until what came would have been spoken; 0 where it is live."""
        return max(0.0, self._lead_seconds - self._since(now))

    def _since(self, now: float) -> float:
        return 0.0 if self._came_at is None else now - self._came_at
