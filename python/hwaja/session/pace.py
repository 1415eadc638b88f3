"""Measures how far a stream of audio is ahead of real time.

A microphone sends one second of audio per second. A client that sends a file may send it faster.
Its answers are not late, since the audio arrived early and no speaker waits for them. The caller
passes the time. Instants are seconds of one monotonic clock.
"""

MARGIN_SECONDS = 10.0
"""A live stream may seem this far ahead: the network delayed its first chunk, or the speaker began
before the transcription started. A file sent at ten times real time passes this margin after little
more than a second."""

MOST_SECONDS = 2 * MARGIN_SECONDS
"""The longest lead that is counted. With this bound, a client that sends a file and then speaks is
soon live again."""

LONGEST_GAP_SECONDS = 60.0
"""After a gap of at most this length, the audio of the gap may arrive at once and still counts as
live: a disconnected client keeps its audio for as long as the server keeps its session."""

FORGOTTEN_PER_SECOND = 0.5
"""How much lead is forgotten per second while all earlier audio is answered. A stream at one and a
half times real time or less, answered as fast, thus counts as live."""


class Pace:
    """Decides from the arrival of its audio whether one stream is live or ahead."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin another stream, without any audio yet."""
        self._lead_seconds = 0.0  # lead of the last audio's first sample, on arrival
        self._last_seconds = 0.0  # duration of the last audio
        self._came_at: float | None = None
        self.is_ahead = False
        """Whether audio arrived faster than speech, and is not all answered since."""

    def came(self, seconds: float, at: float, *, caught_up: bool) -> None:
        """Take the arrival of the next audio.

        Args:
            seconds: duration of the audio.
            at: when it arrived.
            caught_up: whether all earlier audio was answered and the server waited for this audio.
                Until then, a stream that is ahead stays ahead, however slowly its audio arrives:
                the server itself slows it down.

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
        """Return how many seconds the last audio is ahead of real time at `now`; 0 if live."""
        return max(0.0, self._lead_seconds - self._since(now))

    def _since(self, now: float) -> float:
        return 0.0 if self._came_at is None else now - self._came_at
