"""What the metrics learn of one session, from the events and effects that pass by."""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

from hwaja.observability.metrics import Metrics
from hwaja.session.events import Audio, Effect, Event, Finish, Outcome, Send, Settled
from hwaja.session.pace import Pace
from hwaja.session.state_machine import Session


class SessionMetrics:
    """Dates the end of each utterance by the arrival of its audio.

    Latency is counted from the moment at which the message with the last speech frame was read
    from the socket, whatever of the pause, the detector, the ring or the workers came after. What
    waited in the client or in the network is not seen.
    """

    def __init__(self, metrics: Metrics, session: Session, ring_samples: int, pace: Pace) -> None:
        """Observe a session whose unanswered audio is at most `ring_samples` long.

        What is ahead by its `pace` is not late, and has no latency that anybody notices.
        """
        self._session = session
        self._metrics = metrics
        self._pace = pace
        self._ring_samples = ring_samples
        self._arrivals: deque[tuple[int, float]] = deque()  # (sample behind, when it arrived)
        # Where each utterance ends, and since when it is late, in seconds of a monotonic clock.
        self._late_since: deque[tuple[int, float]] = deque()

    @property
    def lag_seconds(self) -> float:
        """How long the oldest utterance that is over has been waiting; 0 where all are answered.

        Where one is cut in the midst of speech it was over before that could be known; no lack of
        processor time is to blame for that. What came before it would have been spoken waits from
        then on, and where the session is ahead nothing waits.
        """
        oldest = self._session.oldest_unanswered
        if oldest is None or self._pace.is_ahead:
            return 0.0
        return max(0.0, time.monotonic() - _instant_of(self._late_since, oldest.stop))

    def happened(self, event: Event) -> None:
        """Take what happens to the session."""
        if isinstance(event, Audio):
            self._arrivals.append((event.stop, event.arrival.at))
            for dates in (self._arrivals, self._late_since):
                while dates and dates[0][0] <= event.stop - self._ring_samples:
                    dates.popleft()

    def done(self, effect: Effect) -> None:
        """Take what the session wanted done, once it was."""
        match effect:
            case Send(message):
                self._metrics.message_sent(message)
            case Finish(segment=segment):
                now = time.monotonic()
                self._late_since.append((segment.stop, now + self._pace.early_seconds(now)))
            case Settled(segment, outcome, ends_utterance):
                self._metrics.utterance_settled(outcome)
                answered = outcome is Outcome.ANSWERED and ends_utterance
                if answered and not self._pace.is_ahead:
                    arrived_at = _instant_of(self._arrivals, segment.speech_stop)
                    self._metrics.utterance_answered(time.monotonic() - arrived_at)


def _instant_of(dates: Sequence[tuple[int, float]], sample: int) -> float:
    """Return the instant of the first date at this sample or behind it."""
    return dates[bisect_left(dates, sample, key=lambda date: date[0])][1]
