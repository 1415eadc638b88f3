"""What can be done about an utterance before it is over, told as it grows."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.events import Effect, Extend, ProbeSpeaker, Speculate
from hwaja.vad.gate import Segment, SpeechGate

WATCHED_SECONDS = 3.0
"""Of the end of the open utterance it is asked whether another voice has begun, from this length
on. Of 2 s the voice before is often not sure; 4 s cost a third more (bench/RESULTS.md)."""

WATCH_STEP_SECONDS = 1.0
"""New speech before it is asked again: by so much later, at most, is a change noticed."""


class Speculation:
    """Looks at the gate's open utterance, and tells each thing once."""

    def __init__(self, gate: SpeechGate) -> None:
        self._gate = gate
        self._speculated: Segment | None = None  # told of
        self._followed = (0, 0)  # samples told of
        self._watched = 0  # first sample behind what was last asked about
        self._watching: int | None = None  # the segment of which an answer is awaited

    def tell(self, segment_id: int) -> list[Effect]:
        """Return what may be begun on the open utterance, which has this id, since last asked."""
        span = self._gate.open_span
        if span is None:
            return self._speculate()
        followed = self._follow(segment_id, *span)
        return [*followed, *self._watch(segment_id, *span), *self._speculate()]

    def watched(self) -> None:
        """Learn that a `ProbeSpeaker` is answered: the next one may follow."""
        self._watching = None

    def _follow(self, segment_id: int, start: int, stop: int) -> list[Effect]:
        if (start, stop) == self._followed:
            return []
        self._followed = start, stop
        return [Extend(segment_id, start, stop)]

    def _watch(self, segment_id: int, start: int, stop: int) -> list[Effect]:
        watched = round(WATCHED_SECONDS * SAMPLE_RATE)
        step = round(WATCH_STEP_SECONDS * SAMPLE_RATE)
        is_due = stop - start >= watched and stop - self._watched >= step
        if not is_due or self._watching == segment_id:
            return []
        # Where answers come late, nothing between two looks is left out.
        watched_from = max(start, min(stop, self._watched + step) - watched)
        self._watched, self._watching = stop, segment_id
        return [ProbeSpeaker(segment_id, watched_from, stop)]

    def _speculate(self) -> list[Effect]:
        segment = self._gate.speculated
        is_new = segment != self._speculated
        self._speculated = segment
        if segment is None or not is_new:
            return []
        return [Speculate(segment.start, segment.stop, segment.speech_samples)]
