"""Derives the metrics of one session from its events and effects."""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

from hwaja.observability.metrics import Metrics
from hwaja.session.effects import Effect, Finish, Outcome, Send, Settled
from hwaja.session.events import Audio, Event
from hwaja.session.pace import Pace
from hwaja.session.state_machine import Session


class SessionMetrics:
    """Measures the latency and the lag of one session's answers.

    Latency begins when the message with the last speech frame is read from the socket. It includes
    the pause, the detector, the ring and the workers. It does not include delays in the client or
    in the network.
    """

    def __init__(self, metrics: Metrics, session: Session, ring_samples: int, pace: Pace) -> None:
        """Observe a session with at most `ring_samples` of unanswered audio.

        While the stream is ahead of real time by its `pace`, its answers are not late and their
        latency is not observed.
        """
        self._session = session
        self._metrics = metrics
        self._pace = pace
        self._ring_samples = ring_samples
        self._arrivals: deque[tuple[int, float]] = deque()  # (end of message in samples, arrival)
        # (end of utterance in samples, instant since which it is late on a monotonic clock)
        self._late_since: deque[tuple[int, float]] = deque()

    @property
    def lag_seconds(self) -> float:
        """How long the oldest finished utterance has waited, in seconds; 0 if all are answered.

        The wait begins at the decision that the utterance is over: a cut inside speech is found
        later than it happened, and not for lack of processor time. For audio that arrived ahead of
        real time, the wait begins when it would have been spoken. While the session is ahead, the
        lag is 0.
        """
        oldest = self._session.oldest_unanswered
        if oldest is None or self._pace.is_ahead:
            return 0.0
        return max(0.0, time.monotonic() - _instant_of(self._late_since, oldest.stop))

    def happened(self, event: Event) -> None:
        """Observe an event of the session."""
        if isinstance(event, Audio):
            self._arrivals.append((event.stop, event.arrival.at))
            for dates in (self._arrivals, self._late_since):
                while dates and dates[0][0] <= event.stop - self._ring_samples:
                    dates.popleft()

    def done(self, effect: Effect) -> None:
        """Observe an effect of the session after it was carried out."""
        match effect:
            case Send(message):
                self._metrics.message_sent(message)
            case Finish(segment=segment):
                now = time.monotonic()
                # Of two channels, the utterance that ends later may have been found first.
                last_stop = self._late_since[-1][0] if self._late_since else 0
                late_at = now + self._pace.early_seconds(now)
                self._late_since.append((max(segment.stop, last_stop), late_at))
            case Settled(segment, outcome, ends_utterance):
                self._metrics.utterance_settled(outcome)
                answered = outcome is Outcome.ANSWERED and ends_utterance
                if answered and not self._pace.is_ahead:
                    arrived_at = _instant_of(self._arrivals, segment.speech_stop)
                    self._metrics.utterance_answered(time.monotonic() - arrived_at)


def _instant_of(dates: Sequence[tuple[int, float]], sample: int) -> float:
    """Return the instant of the first date at or after this sample."""
    return dates[bisect_left(dates, sample, key=lambda date: date[0])][1]
