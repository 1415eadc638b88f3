"""Relates the samples of a session, at 16 kHz, to those that its client sent, at its own rate."""

from bisect import bisect_right

from hwaja.protocol.audio import SAMPLE_RATE


class Positions:
    """The positions of one stream.

    Both counts are known exactly where the stream was drained, or began. From there on they grow
    in proportion.
    """

    def __init__(self, origin: int, rate: int) -> None:
        """Begin a stream of `rate` samples a second at sample `origin` of the session."""
        self._rate = rate
        self._known = [(origin, 0)]  # (sample of the session, samples sent before it)
        self.sent = 0
        """How many samples of each channel the client has sent."""

    def take(self, samples: int) -> None:
        """Count samples of the client."""
        self.sent += samples

    def drained(self, index: int) -> None:
        """Note that everything sent lies before sample `index` of the session."""
        if self.sent > self._known[-1][1]:
            self._known.append((index, self.sent))

    def index_behind(self, samples: int) -> int:
        """Return the sample of the session behind `samples` more samples of the client."""
        index, sent = self._known[-1]
        return index - (sent - self.sent - samples) * SAMPLE_RATE // self._rate

    def between(self, start: int, stop: int) -> int:
        """Return how many samples the client sent for samples `[start, stop)` of the session."""
        origin, _ = self._known[0]
        return self._sent_before(stop) - (0 if start == origin else self._sent_before(start))

    def _sent_before(self, index: int) -> int:
        place = max(1, bisect_right(self._known, index, key=lambda known: known[0]))
        known_index, known_sent = self._known[place - 1]
        most = self._known[place][1] if place < len(self._known) else self.sent
        return min(most, known_sent + (index - known_index) * self._rate // SAMPLE_RATE)
