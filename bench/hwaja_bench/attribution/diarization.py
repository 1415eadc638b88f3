"""Computes the diarization error rate (DER) of a conversation."""

from dataclasses import dataclass
from typing import Any

import simpleder

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation
from hwaja_bench.attribution.decisions import SessionResult
from hwaja_bench.speech.levels import stretches

COLLARS_SECONDS = (0.25, 0.0)
"""Collars, the unscored time on each side of a reference boundary: the usual one, and none."""

Segment = tuple[str, float, float]
"""Speaker, start and end in seconds."""


@dataclass(frozen=True, slots=True)
class Diarization:
    """Errors in seconds; their sum over `reference_seconds` is the DER."""

    reference_seconds: float
    missed_seconds: float
    false_alarm_seconds: float
    confused_seconds: float

    @property
    def error_seconds(self) -> float:
        """Sum of all errors."""
        return self.missed_seconds + self.false_alarm_seconds + self.confused_seconds


def diarization(
    conversation: Conversation, heard: SessionResult, collar_seconds: float, *, skips_overlap: bool
) -> Diarization:
    """Compare the speakers' reference times with the answers' times.

    Pauses in clips are no speech.

    A label stands for the voice enrolled with it. No other mapping of labels is tried.
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
    """Return extra speech after the end that fixes the library's mapping of labels to voices.

    The speech is in reference and hypothesis, so it adds no error. It is longer than all other
    speech, so no other mapping is better.
    """
    end = 1000 + max(stop for _, _, stop in reference)
    return [(str(speaker), end * (1 + speaker), end * (2 + speaker) - 1) for speaker in (0, 1)]
