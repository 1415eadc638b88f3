"""What a transcription tells its caller."""

from dataclasses import dataclass

from hwaja.codes import ErrorCode, Reason
from hwaja.messages import (
    Interim,
    LimitWarning,
    SpeakerUpdate,
    Transcription,
    TranscriptionStopped,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Something failed, and the transcription goes on; what ends it is raised."""

    code: ErrorCode
    reason: Reason | None
    """Why; None: the server did not say."""
    message: str
    """The same for a person, in Korean."""


Told = Transcription | Interim | SpeakerUpdate | LimitWarning | TranscriptionStopped | Failure
