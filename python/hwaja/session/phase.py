"""The audio of one enrolment or transcription: how far it was taken, what may be begun on it."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.messages import AudioReceived
from hwaja.session.events import Audio, Effect, Extend, ProbeSpeaker, Speculate
from hwaja.session.timeline import Timeline
from hwaja.vad.gate import GateSettings, Segment, SpeechGate

ACKNOWLEDGED_SAMPLES = SAMPLE_RATE
"""How much audio a client that may resume is told of at a time."""

PROBED_SECONDS = 3.0
"""The end of the open utterance is searched for another voice from this length on. Of 2 s the voice
before is often not sure; 4 s cost a third more (bench/RESULTS.md)."""

PROBE_STEP_SECONDS = 1.0
"""New speech before the next search: a change is noticed at most so much later."""


class Phase:
    """Where its audio began, how far it was taken, and what the gate makes of it."""

    def __init__(self, gate: GateSettings, origin: int) -> None:
        """Begin at sample `origin`."""
        self.timeline = Timeline(origin)
        self.gate = SpeechGate(gate, origin)
        self.open_speech = OpenSpeech(self.gate)
        self._acknowledged = origin

    @property
    def origin(self) -> int:
        """Its first sample."""
        return self.timeline.origin

    @property
    def heard_samples(self) -> int:
        """How much was taken, in whole frames."""
        return self.gate.heard - self.origin

    def hear(self, audio: Audio) -> list[Segment]:
        """Take the next frames; return the utterances that ended with them."""
        return self.gate.feed(audio.probabilities, audio.levels_dbfs)

    def acknowledgement(self) -> AudioReceived | None:
        """Return what to tell a client that may resume, where that is due."""
        if self.gate.heard - self._acknowledged < ACKNOWLEDGED_SAMPLES:
            return None
        self._acknowledged = self.gate.heard
        return AudioReceived(self.heard_samples)


class OpenSpeech:
    """Says what may be begun on the gate's open utterance, each thing once."""

    def __init__(self, gate: SpeechGate) -> None:
        self._gate = gate
        self._speculated: Segment | None = None  # the last that was named
        self._extended = (0, 0)  # samples that were named
        self._probed = 0  # first sample behind the last search for another voice
        self._probing: int | None = None  # the segment whose search is not answered

    def due(self, segment_id: int) -> list[Effect]:
        """Return what may be begun on the open utterance, which has this id, since last asked."""
        span = self._gate.open_span
        if span is None:
            return self._speculate(segment_id)
        return [
            *self._extend(segment_id, *span),
            *self._probe(segment_id, *span),
            *self._speculate(segment_id),
        ]

    def probe_answered(self) -> None:
        """Note that a `ProbeSpeaker` is answered: the next one may follow."""
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
        # Where answers come late, nothing between two searches is left out.
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
