"""Maps the samples of a transcription to the times at which they were spoken.

Continuous audio is dated by its sample count, however late its messages arrive. If audio stops (a
muted microphone, push-to-talk, a telephone call), time passes without samples. Speech after such a
gap is dated later by the length of the gap.

Late audio does not always mean a gap. After a network fault, a client sends its stored audio faster
than real time until it has caught up. Audio that the server itself holds back is late, too. So the
gap is the least lateness since the audio resumed, measured once it arrives at real-time speed.
"""

from bisect import bisect_right
from dataclasses import dataclass

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.events import Arrival

LEAST_GAP_SECONDS = 1.0
"""The shortest gap. Audio that is less late was delayed by the network, and its times stay."""

STUCK_SECONDS = 0.25
"""A message with a longer delay than this after the last one restarts the measurement of pace."""

PACE_SECONDS = 0.4
"""Audio needed to measure its pace. The shortest utterance and the pause after it last 0.6 s."""

CATCHING_UP_SPEED = 1.25
"""Audio that arrives at more than this multiple of real time is catching up."""


@dataclass(slots=True)
class _Pace:
    """Measures at which multiple of real time audio arrives."""

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
        """Whether audio arrived at real-time speed, not as fast as client, network or server can.

        It is so if the server waited for audio at least half of the time.
        """
        is_slow = self.spoken_seconds <= CATCHING_UP_SPEED * self.taken_seconds
        return is_slow and self.waited_seconds >= self.taken_seconds / 2


class Timeline:
    """Maps the samples of a session to the time since the transcription began."""

    def __init__(self, origin: int) -> None:
        """Begin at sample `origin`."""
        self.origin = origin
        self.began_at = 0.0
        """Time of sample `origin`, in seconds since the Unix epoch."""
        self._clock_began_at = 0.0  # the same in the arrivals' clock
        self._gaps = [(origin, 0.0)]  # (first sample after a gap, total gap in seconds)
        self._last: Arrival | None = None
        self._resumed_from = origin  # first sample since audio resumed
        self._late_seconds = 0.0  # least lateness since then
        self._pace = _Pace()
        self._is_natural = False  # at the last measurement since then

    def arrived(self, arrival: Arrival) -> None:
        """Take the arrival of a message. A repeated arrival changes nothing."""
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
        """End the current measurement of pace: audio has stopped for now."""
        if self._pace.messages:
            self._end_measurement()

    def settle(self) -> None:
        """Record the gap before the resumed audio, if its length is known by now."""
        _, known_seconds = self._gaps[-1]
        if self._is_natural and self._late_seconds - known_seconds >= LEAST_GAP_SECONDS:
            self._gaps.append((self._resumed_from, self._late_seconds))

    def seconds(self, sample: int) -> float:
        """Return the start of `sample`, in seconds since the transcription began."""
        return (sample - self.origin) / SAMPLE_RATE + self._gap_seconds(sample)

    def seconds_behind(self, sample: int) -> float:
        """Return the end of the sample before `sample`, in seconds since the transcription began.

        It differs from `seconds(sample)` if a gap lies between the two samples.
        """
        return (sample - self.origin) / SAMPLE_RATE + self._gap_seconds(sample - 1)

    def _gap_seconds(self, sample: int) -> float:
        place = bisect_right(self._gaps, sample, key=lambda gap: gap[0]) - 1
        return self._gaps[max(0, place)][1]
