"""When the samples of a transcription were spoken.

Audio that comes without a break is dated by its samples, however late a message of it comes. Where
it stops (a muted microphone, push-to-talk, a telephone call), time goes on without samples, and
what is spoken behind such a gap is dated later. Not all late audio is behind a gap: a client whose
network was stuck sends what it kept, faster than it is spoken, until it has caught up, and one that
the server holds back is late for that alone. So the gap is the least lateness since audio came
again, once it comes as fast as it is spoken.
"""

from bisect import bisect_right
from dataclasses import dataclass

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.events import Arrival

LEAST_GAP_SECONDS = 1.0
"""Audio that is less late than this was delayed by the network: nothing is dated later for it."""

STUCK_SECONDS = 0.25
"""A message that comes so much later than the one before is no measure of how fast audio comes."""

PACE_SECONDS = 0.4
"""How much audio shows how fast it comes. The shortest utterance and the pause behind it are 0.6 s
long."""

CATCHING_UP_SPEED = 1.25
"""Audio that comes so many times as fast as it is spoken is catching up."""


@dataclass(slots=True)
class _Pace:
    """How fast some audio came."""

    messages: int = 0
    spoken_seconds: float = 0.0
    taken_seconds: float = 0.0
    waited_seconds: float = 0.0

    def add(self, spoken_seconds: float, taken_seconds: float, waited_seconds: float) -> None:
        self.messages += 1
        self.spoken_seconds += spoken_seconds
        self.taken_seconds += taken_seconds
        self.waited_seconds += min(taken_seconds, waited_seconds)

    @property
    def is_measured(self) -> bool:
        return self.messages > 1 and self.spoken_seconds >= PACE_SECONDS

    @property
    def is_natural(self) -> bool:
        """Whether it came as it was spoken, and not as fast as client, network or server can."""
        is_slow = self.spoken_seconds <= CATCHING_UP_SPEED * self.taken_seconds
        return is_slow and self.waited_seconds >= self.taken_seconds / 2


class Timeline:
    """Where a transcription lies among the samples of its session, and in time."""

    def __init__(self, origin: int) -> None:
        """Begin at sample `origin`."""
        self.origin = origin
        self.began_at = 0.0
        """When sample `origin` was spoken, in seconds since the Unix epoch."""
        self._clock_began_at = 0.0  # the same, by the clock of the arrivals
        self._gaps = [(origin, 0.0)]  # samples from here on were spoken so many seconds later
        self._last: Arrival | None = None
        self._resumed_from = origin  # first sample since audio came again
        self._late_seconds = 0.0  # the least since then
        self._pace = _Pace()
        self._is_natural = False  # the last pace that was measured, since then

    def arrived(self, arrival: Arrival) -> None:
        """Learn when a message came; of one that was told of before nothing changes."""
        last = self._last
        if last is None:
            self._begin(arrival)
        elif arrival.stop > last.stop:
            self._go_on(last, arrival)
        self._last = arrival

    def _begin(self, arrival: Arrival) -> None:
        spoken_seconds = (arrival.stop - self.origin) / SAMPLE_RATE
        self._clock_began_at = arrival.at - spoken_seconds
        self.began_at = arrival.unix_seconds - spoken_seconds

    def _go_on(self, last: Arrival, arrival: Arrival) -> None:
        spoken_seconds = (arrival.stop - last.stop) / SAMPLE_RATE
        taken_seconds = arrival.at - last.at
        due_at = self._clock_began_at + (arrival.stop - self.origin) / SAMPLE_RATE
        late_seconds = arrival.at - due_at
        is_resumed = late_seconds > self._late_seconds + LEAST_GAP_SECONDS
        if is_resumed:
            self.settle()
            self._resumed_from, self._late_seconds = last.stop, late_seconds
            self._is_natural = False
        self._late_seconds = min(self._late_seconds, late_seconds)
        if is_resumed or taken_seconds > spoken_seconds + STUCK_SECONDS:
            self._pace = _Pace()
            taken_seconds = min(taken_seconds, spoken_seconds)
        self._pace.add(spoken_seconds, taken_seconds, arrival.waited_seconds)
        if self._pace.is_measured:
            self._end_measurement()

    def _end_measurement(self) -> None:
        self._is_natural = self._pace.is_natural
        self._pace = _Pace()

    def stopped(self) -> None:
        """Learn that nothing more comes for now: no more will show how fast it comes."""
        if self._pace.messages:
            self._end_measurement()

    def settle(self) -> None:
        """Date what came since audio came again, as far as is known by now."""
        _, known_seconds = self._gaps[-1]
        if self._is_natural and self._late_seconds - known_seconds >= LEAST_GAP_SECONDS:
            self._gaps.append((self._resumed_from, self._late_seconds))

    def seconds(self, sample: int) -> float:
        """Return when a sample begins, in seconds since the transcription began."""
        return (sample - self.origin) / SAMPLE_RATE + self._gap_seconds(sample)

    def seconds_behind(self, sample: int) -> float:
        """Return when the sample before this one ends; there may be a gap between them."""
        return (sample - self.origin) / SAMPLE_RATE + self._gap_seconds(sample - 1)

    def _gap_seconds(self, sample: int) -> float:
        place = bisect_right(self._gaps, sample, key=lambda gap: gap[0]) - 1
        return self._gaps[max(0, place)][1]
