"""The Python client: enrols voices, sends a conversation, yields who said what. See docs/python.md.

Imports `protocol` only. Begin with `session`, which a program calls. `link` keeps the connection.
"""

from hwaja.client.chunks import Chunks
from hwaja.client.client_events import ClientEvent, Failure
from hwaja.client.errors import (
    CertificateError,
    ClientError,
    Message,
    RefusedError,
    SessionLostError,
    UnauthorizedError,
)
from hwaja.client.session import Client, connect
from hwaja.protocol.server_messages import (
    Interim,
    LimitWarning,
    RegistrationCompleted,
    SpeakerNamed,
    SpeakerUpdate,
    Summary,
    Transcription,
    TranscriptionStopped,
)
from hwaja.protocol.values import Details, Label, QualityWarning
from hwaja.protocol.values import Quality as VoiceQuality

__all__ = [
    "CertificateError",
    "Chunks",
    "Client",
    "ClientError",
    "ClientEvent",
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
    "SpeakerNamed",
    "SpeakerUpdate",
    "Summary",
    "Transcription",
    "TranscriptionStopped",
    "UnauthorizedError",
    "VoiceQuality",
    "connect",
]
