"""The server's messages in one conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LABELS = ("sure", "doubtful", "unknown", "overlap", "short")
"""Certainty marks of a decision; a decision without a mark counts as sure."""


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
class SessionResult:
    """All decisions and errors of a conversation."""

    audio_seconds: float
    """Audio played to the server, with the enrolment."""
    decisions: tuple[Decision, ...] = ()
    errors: int = 0
    """Number of utterances that the server failed to recognise."""
    is_refused: bool = False
    """Whether the server refused a voice, so that there is no transcript."""


def session_result(audio_seconds: float, messages: Iterable[dict[str, Any]]) -> SessionResult:
    """Return the decisions in the messages of a transcription with `details`."""
    found = list(messages)
    decisions = [_decision(m) for m in found if m["type"] == "transcription"]
    decisions.sort(key=lambda decision: (decision.start_seconds, decision.segment_id))
    return SessionResult(audio_seconds, tuple(decisions), sum(m["type"] == "error" for m in found))


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
