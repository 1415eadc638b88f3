"""The client: enrols voices, sends a conversation, tells who said what. See docs/python.md."""

from hwaja.attribution.parts import Label
from hwaja.client.chunks import Chunks
from hwaja.client.errors import (
    CertificateError,
    ClientError,
    Message,
    RefusedError,
    SessionLostError,
    UnauthorizedError,
)
from hwaja.client.session import Client, connect
from hwaja.client.told import (
    Failure,
    QualityWarning,
    RegistrationCompleted,
    Told,
    VoiceQuality,
)
from hwaja.messages import (
    Details,
    Interim,
    LimitWarning,
    SpeakerUpdate,
    Summary,
    Transcription,
    TranscriptionStopped,
)

__all__ = [
    "CertificateError",
    "Chunks",
    "Client",
    "ClientError",
    "Details",
    "Failure",
    "Interim",
    "Label",
    "LimitWarning",
    "Message",
    "QualityWarning",
    "RefusedError",
    "RegistrationCompleted",
    "SessionLostError",
    "SpeakerUpdate",
    "Summary",
    "Told",
    "Transcription",
    "TranscriptionStopped",
    "UnauthorizedError",
    "VoiceQuality",
    "connect",
]
