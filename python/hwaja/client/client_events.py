"""What the caller is told, beyond the messages themselves."""

from dataclasses import dataclass

from hwaja.protocol import messages
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.messages import (
    Interim,
    LimitWarning,
    SpeakerUpdate,
    Transcription,
    TranscriptionStopped,
)
from hwaja.protocol.quality import Quality


@dataclass(frozen=True, slots=True)
class QualityWarning:
    """What could be better about a voice."""

    reason: Reason | None
    """None: one that a later server knows."""
    message: str
    """The same for a person, in Korean."""


@dataclass(frozen=True, slots=True)
class VoiceQuality(Quality):
    """What the server measured of a voice, and what it warns of."""

    warnings: tuple[QualityWarning, ...] = ()
    """The gravest first."""


@dataclass(frozen=True, slots=True)
class RegistrationCompleted(messages.RegistrationCompleted):
    """The voice was good enough and is kept."""

    quality: VoiceQuality | None = None
    """How good it is. None: the server does not say."""


@dataclass(frozen=True, slots=True)
class Failure:
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
