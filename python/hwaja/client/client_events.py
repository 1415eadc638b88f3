"""What the caller is told, beyond the messages themselves."""

from msgspec import Struct

from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.messages import (
    Interim,
    LimitWarning,
    SpeakerUpdate,
    Transcription,
    TranscriptionStopped,
)


class Failure(Struct, frozen=True, tag_field="type", tag="error"):
    """Something failed, and the transcription goes on; what ends it is raised."""

    code: ErrorCode
    reason: Reason | None
    """Why; None: the server did not say."""
    message: str
    """The same for a person, in Korean."""


ClientEvent = (
    Transcription | Interim | SpeakerUpdate | LimitWarning | TranscriptionStopped | Failure
)
"""What a transcription tells."""
