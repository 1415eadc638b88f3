"""What the metrics learn of one session, from the events and effects that pass by."""

import time
from bisect import bisect_left
from collections import deque

from hwaja.observability.metrics import Metrics
from hwaja.session.events import Audio, Effect, Event, Finish, Outcome, Send, Settled
from hwaja.session.pace import Pace


class SessionMetrics:
    """Dates the end of each utterance by the arrival of its audio.

    Latency is counted from the moment at which the message with the last speech frame was read
    from the socket, whatever of the pause, the detector, the ring or the workers came after. What
    waited in the client or in the network is not seen.
    """

    def __init__(self, metrics: Metrics, ring_samples: int, pace: Pace) -> None:
        """Observe a session whose unanswered audio is at most `ring_samples` long.

        What is ahead by its `pace` is not late, and has no latency that anybody notices.
        """
        self._metrics = metrics
        self._pace = pace
        self._ring_samples = ring_samples
        self._arrivals: deque[tuple[int, float]] = deque()  # (sample behind, when it arrived)
        # Of the utterances that are not answered: where each ends, and since when it is late, in
        # seconds of a monotonic clock.
        self._awaited: deque[tuple[int, float]] = deque()

    @property
    def lag_seconds(self) -> float:
        """How long the oldest utterance that is over has been waiting; 0 where all are answered.

        Where one is cut in the midst of speech it was over before that could be known; no lack of
        processor time is to blame for that. What came before it would have been spoken waits from
        then on, and where the session is ahead nothing waits.
        """
        if not self._awaited or self._pace.is_ahead:
            return 0.0
        return max(0.0, time.monotonic() - self._awaited[0][1])

    @property
    def all_answered(self) -> bool:
        """Whether every utterance that is over is answered."""
        return not self._awaited

    def happened(self, event: Event) -> None:
        """Take what happens to the session."""
        if isinstance(event, Audio):
            self._arrivals.append((event.stop, event.arrival.at))
            while self._arrivals[0][0] <= event.stop - self._ring_samples:
                self._arrivals.popleft()

    def closed(self) -> None:
        """Learn that the session is over: no answer is owed any more."""
        self._awaited.clear()

    def done(self, effect: Effect) -> None:
        """Take what the session wanted done, once it was."""
        match effect:
            case Send(message):
                self._metrics.message_sent(message)
            case Finish(segment=segment):
                now = time.monotonic()
                self._awaited.append((segment.stop, now + self._pace.early_seconds(now)))
            case Settled(segment, outcome):
                self._metrics.utterance_settled(outcome)
                # Of several parts the last one ends with the utterance.
                if self._awaited and segment.stop >= self._awaited[0][0]:
                    self._awaited.popleft()
                    if outcome is Outcome.ANSWERED and not self._pace.is_ahead:
                        self._metrics.utterance_answered(self._age_seconds(segment.speech_stop))

    def _age_seconds(self, sample: int) -> float:
        """Return how long ago the audio before a sample had arrived."""
        place = bisect_left(self._arrivals, sample, key=lambda arrival: arrival[0])
        _, arrived_at = self._arrivals[place]
        return time.monotonic() - arrived_at
