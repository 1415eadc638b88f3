"""What was heard of one enrolment or transcription, in samples."""

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.messages import AudioReceived
from hwaja.session.events import Audio
from hwaja.session.settings import SessionSettings
from hwaja.session.speculation import Speculation
from hwaja.vad.gate import Segment, SpeechGate

ACKNOWLEDGED_SAMPLES = SAMPLE_RATE
"""How much audio a client that may resume is told of at a time."""


class Phase:
    """How far its audio was heard, and what the gate makes of it."""

    def __init__(self, settings: SessionSettings, origin: int) -> None:
        """Begin at sample `origin`."""
        self.origin = origin
        self.heard = origin
        """End of the last whole frame."""
        self.gate = SpeechGate(settings.gate, origin)
        self.ahead = Speculation(self.gate)
        self._acknowledged = origin

    @property
    def heard_samples(self) -> int:
        """How much was heard, in whole frames."""
        return self.heard - self.origin

    def hear(self, audio: Audio) -> list[Segment]:
        """Take the next frames; return the utterances that ended with them."""
        self.heard = audio.stop
        return self.gate.feed(audio.probabilities, audio.levels_dbfs)

    def flush(self) -> list[Segment]:
        """Close an open utterance because the audio ends."""
        return self.gate.flush(self.heard)

    def acknowledgement(self) -> AudioReceived | None:
        """Return what to tell a client that may resume, where that is due."""
        if self.heard - self._acknowledged < ACKNOWLEDGED_SAMPLES:
            return None
        self._acknowledged = self.heard
        return AudioReceived(self.heard_samples)
