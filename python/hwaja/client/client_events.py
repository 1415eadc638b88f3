"""The events that a transcription yields to the caller."""

from msgspec import Struct

from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.server_messages import (
    Finalized,
    Interim,
    Lag,
    LimitWarning,
    SpeakerNamed,
    SpeakerUpdate,
    SpeechEnded,
    SpeechStarted,
    Transcription,
    TranscriptionPaused,
    TranscriptionResumed,
    TranscriptionStopped,
    TranscriptionUpdated,
    UtteranceDropped,
)


class Failure(Struct, frozen=True, tag_field="type", tag="error"):
    """An error after which the transcription continues. An error that ends it is raised instead."""

    code: ErrorCode
    reason: Reason | None
    """The reason. None: the server gave none, or one that this client does not know."""
    message: str
    """The error as a Korean sentence."""


ClientEvent = (
    Transcription
    | Interim
    | SpeakerUpdate
    | SpeakerNamed
    | LimitWarning
    | TranscriptionStopped
    | Finalized
    | TranscriptionUpdated
    | TranscriptionPaused
    | TranscriptionResumed
    | SpeechStarted
    | SpeechEnded
    | UtteranceDropped
    | Lag
    | Failure
)
"""Every event that a transcription may yield."""
