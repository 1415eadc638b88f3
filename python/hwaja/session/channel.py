"""One channel of a transcription: the gate on its speech, and its open utterance."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription
from hwaja.session.effects import Effect, Extend, ProbeSpeaker, Speculate
from hwaja.vad.gate import Segment, SpeechGate

PROBED_SECONDS = 3.0
"""The shortest open utterance that is searched for another voice, and the length of the searched
end. With 2 s the earlier voice is often uncertain; 4 s cost a third more (bench/RESULTS.md)."""

PROBE_STEP_SECONDS = 1.0
"""New speech before the next search. A change of voice is noticed at most this much later."""


class OpenSpeech:
    """Decides which work may begin on the gate's open utterance. Requests each work once."""

    def __init__(self, gate: SpeechGate, *, probes: bool = True) -> None:
        """Begin. Without `probes`, no other voice can begin in an utterance."""
        self._gate = gate
        self._probes = probes
        self._speculated: Segment | None = None  # last one in a `Speculate`
        self._extended = (0, 0)  # samples in the last `Extend`
        self._probed = 0  # end of the last search for another voice
        self._probing: int | None = None  # segment with an unanswered search

    def due(self, segment_id: int) -> list[Effect]:
        """Return the new work on the open utterance since the last call; `segment_id` is its id."""
        span = self._gate.open_span
        if span is None:
            return self._speculate(segment_id)
        return [
            *self._extend(segment_id, *span),
            *self._probe(segment_id, *span),
            *self._speculate(segment_id),
        ]

    def probe_answered(self) -> None:
        """Allow the next `ProbeSpeaker`: the last one was answered."""
        self._probing = None

    def _extend(self, segment_id: int, start: int, stop: int) -> list[Effect]:
        if (start, stop) == self._extended:
            return []
        self._extended = start, stop
        return [Extend(segment_id, start, stop, self._gate.channel)]

    def _probe(self, segment_id: int, start: int, stop: int) -> list[Effect]:
        probed = round(PROBED_SECONDS * SAMPLE_RATE)
        step = round(PROBE_STEP_SECONDS * SAMPLE_RATE)
        is_due = stop - start >= probed and stop - self._probed >= step
        if not self._probes or not is_due or self._probing == segment_id:
            return []
        # If answers come late, the search begins earlier, so that it skips no audio.
        probed_from = max(start, min(stop, self._probed + step) - probed)
        self._probed, self._probing = stop, segment_id
        return [ProbeSpeaker(segment_id, probed_from, stop)]

    def _speculate(self, segment_id: int) -> list[Effect]:
        segment = self._gate.speculated
        is_new = segment != self._speculated
        self._speculated = segment
        if segment is None or not is_new:
            return []
        return [Speculate(segment_id, segment)]


class Channel:
    """One channel of a transcription."""

    def __init__(self, gate: SpeechGate, wants: StartTranscription) -> None:
        """Begin with the gate of the channel, and the options of its first utterance."""
        self.gate = gate
        self.wants = wants
        """The options of the open utterance, or of the next one if none is open."""
        self.open_speech = OpenSpeech(gate, probes=not wants.by_channel)
        self.announced = -1
        """Id of the last utterance whose beginning is known."""
