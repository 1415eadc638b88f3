"""The audio of one enrolment or transcription: its position, and the early work on it."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.messages import AudioReceived
from hwaja.session.events import Audio, Effect, Extend, ProbeSpeaker, Speculate
from hwaja.session.timeline import Timeline
from hwaja.vad.gate import GateSettings, Segment, SpeechGate

ACKNOWLEDGED_SAMPLES = SAMPLE_RATE
"""A client that may resume gets an acknowledgement after each such amount of audio."""

PROBED_SECONDS = 3.0
"""The shortest open utterance that is searched for another voice, and the length of the searched
end. With 2 s the earlier voice is often uncertain; 4 s cost a third more (bench/RESULTS.md)."""

PROBE_STEP_SECONDS = 1.0
"""New speech before the next search. A change of voice is noticed at most this much later."""


class Phase:
    """The timeline, the gate and the acknowledgements of one enrolment or transcription."""

    def __init__(self, gate: GateSettings, origin: int) -> None:
        """Begin at sample `origin`."""
        self.timeline = Timeline(origin)
        self.gate = SpeechGate(gate, origin)
        self.open_speech = OpenSpeech(self.gate)
        self._acknowledged = origin

    @property
    def origin(self) -> int:
        """Index of the first sample of the phase."""
        return self.timeline.origin

    @property
    def heard_samples(self) -> int:
        """Number of processed samples, in whole frames."""
        return self.gate.heard - self.origin

    def hear(self, audio: Audio) -> list[Segment]:
        """Take the next frames. Return the utterances that ended within them."""
        return self.gate.feed(audio.probabilities, audio.levels_dbfs)

    def acknowledgement(self) -> AudioReceived | None:
        """Return the acknowledgement for a client that may resume; None if none is due."""
        if self.gate.heard - self._acknowledged < ACKNOWLEDGED_SAMPLES:
            return None
        self._acknowledged = self.gate.heard
        return AudioReceived(self.heard_samples)


class OpenSpeech:
    """Decides which work may begin on the gate's open utterance. Requests each work once."""

    def __init__(self, gate: SpeechGate) -> None:
        self._gate = gate
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
        return [Extend(segment_id, start, stop)]

    def _probe(self, segment_id: int, start: int, stop: int) -> list[Effect]:
        probed = round(PROBED_SECONDS * SAMPLE_RATE)
        step = round(PROBE_STEP_SECONDS * SAMPLE_RATE)
        is_due = stop - start >= probed and stop - self._probed >= step
        if not is_due or self._probing == segment_id:
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
