"""What was said in one transcription, counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hwaja.protocol.messages import SpeakerShare


@dataclass(slots=True)
class Tally:
    """Utterances and speech of each speaker; what turns out to be another's is counted there."""

    failed: int = 0
    """Utterances that the engine failed on."""
    _said: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Speaker and seconds of speech, by segment id."""

    @property
    def utterances(self) -> int:
        """How many were answered."""
        return len(self._said)

    def take(self, segment_id: int, speaker_id: int, speech_seconds: float) -> None:
        """Count an answer."""
        self._said[segment_id] = (speaker_id, speech_seconds)

    def correct(self, segment_id: int, speaker_id: int) -> None:
        """Count an earlier answer for another speaker."""
        self._said[segment_id] = (speaker_id, self._said[segment_id][1])

    def shares(self) -> tuple[SpeakerShare, ...]:
        """Return who spoke how much, in the order of the ids."""
        ids = sorted({speaker_id for speaker_id, _ in self._said.values()})
        return tuple(_share(speaker_id, self._said.values()) for speaker_id in ids)


def _share(speaker_id: int, said: Iterable[tuple[int, float]]) -> SpeakerShare:
    speech_seconds = [seconds for speaker, seconds in said if speaker == speaker_id]
    return SpeakerShare(speaker_id, len(speech_seconds), sum(speech_seconds))
