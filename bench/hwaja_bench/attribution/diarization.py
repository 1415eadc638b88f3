"""The diarization error rate of a conversation: who spoke when."""

from dataclasses import dataclass
from typing import Any

import simpleder

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation
from hwaja_bench.attribution.decisions import Heard
from hwaja_bench.speech.levels import stretches

COLLARS_SECONDS = (0.25, 0.0)
"""Time on each side of a boundary of the reference that is not judged: the usual one, and none."""

Segment = tuple[str, float, float]
"""Speaker, from, to in seconds."""


@dataclass(frozen=True, slots=True)
class Diarization:
    """Errors in seconds; their sum over `reference_seconds` is the DER."""

    reference_seconds: float
    missed_seconds: float
    false_alarm_seconds: float
    confused_seconds: float

    @property
    def error_seconds(self) -> float:
        """All of them."""
        return self.missed_seconds + self.false_alarm_seconds + self.confused_seconds


def diarization(
    conversation: Conversation, heard: Heard, collar_seconds: float, *, skips_overlap: bool
) -> Diarization:
    """Compare when each speaker spoke with when the answers say so; pauses of clips are no speech.

    A label stands for the voice that was enrolled with it, whatever another mapping would give.
    """
    reference = [
        (str(turn.speaker_id), turn.start / SAMPLE_RATE + start, turn.start / SAMPLE_RATE + stop)
        for turn in conversation.turns
        for start, stop in stretches(turn.clip.samples)
    ]
    answers = [(str(d.speaker_id), d.start_seconds, d.end_seconds) for d in heard.decisions]
    options = {"collar": collar_seconds, "skip_overlap": skips_overlap, "detailed": True}
    fields = simpleder.DER(
        reference + _anchors(reference), answers + _anchors(reference), **options
    )
    return Diarization(
        _seconds(simpleder.DER(reference, [], **options), "ref_length"),
        *(_seconds(fields, name) for name in ("miss", "false_alarm", "confusion")),
    )


def _seconds(fields: dict[str, Any], name: str) -> float:
    return float(fields[name])


def _anchors(reference: list[Segment]) -> list[Segment]:
    """Return speech beyond the end that ties each label to its voice; the library maps freely.

    In both, it is no error; and it is longer than all else, so no mapping without it is better.
    """
    end = 1000 + max(stop for _, _, stop in reference)
    return [(str(speaker), end * (1 + speaker), end * (2 + speaker) - 1) for speaker in (0, 1)]
