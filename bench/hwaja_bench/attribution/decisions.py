"""What the server answered in one conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LABELS = ("sure", "doubtful", "unknown", "overlap", "short")
"""How a server may mark a decision; one that marks none is sure of all of them."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One `transcription`."""

    segment_id: int
    speaker_id: int
    start_seconds: float
    end_seconds: float
    scores: tuple[float, ...]
    margin: float | None
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """All that was answered."""

    audio_seconds: float
    """How much was played, the enrolment counted."""
    decisions: tuple[Decision, ...] = ()
    errors: int = 0
    """Utterances that the server failed to recognise."""
    is_refused: bool = False
    """Whether a voice was not accepted, so that there is no transcript."""


def heard(audio_seconds: float, messages: Iterable[dict[str, Any]]) -> Heard:
    """Return what the messages of a transcription with `details` say."""
    found = list(messages)
    decisions = [_decision(m) for m in found if m["type"] == "transcription"]
    decisions.sort(key=lambda decision: (decision.start_seconds, decision.segment_id))
    return Heard(audio_seconds, tuple(decisions), sum(m["type"] == "error" for m in found))


def _decision(message: dict[str, Any]) -> Decision:
    return Decision(
        message["segment_id"],
        message["speaker_id"],
        message["start_seconds"],
        message["end_seconds"],
        tuple(message["scores"]),
        message.get("margin"),
        message.get("label", "sure"),
        message["text"],
    )
