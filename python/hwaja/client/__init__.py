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
from hwaja.client.shared_link import SharedLink
from hwaja.protocol.audio import AudioConfig, AudioEncoding
from hwaja.protocol.client_messages import (
    Finalize,
    KeepAlive,
    PauseTranscription,
    ResumeTranscription,
    UpdateTranscription,
)
from hwaja.protocol.codes import DropReason
from hwaja.protocol.server_messages import (
    Finalized,
    Interim,
    Lag,
    LimitWarning,
    RegistrationCompleted,
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
from hwaja.protocol.values import Details, Event, Hello, Label, QualityWarning, Summary
from hwaja.protocol.values import Quality as VoiceQuality

__all__ = [
    "AudioConfig",
    "AudioEncoding",
    "CertificateError",
    "Chunks",
    "Client",
    "ClientError",
    "ClientEvent",
    "Details",
    "DropReason",
    "Event",
    "Failure",
    "Finalize",
    "Finalized",
    "Hello",
    "Interim",
    "KeepAlive",
    "Label",
    "Lag",
    "LimitWarning",
    "Message",
    "PauseTranscription",
    "QualityWarning",
    "RefusedError",
    "RegistrationCompleted",
    "ResumeTranscription",
    "SessionLostError",
    "SharedLink",
    "SpeakerNamed",
    "SpeakerUpdate",
    "SpeechEnded",
    "SpeechStarted",
    "Summary",
    "Transcription",
    "TranscriptionPaused",
    "TranscriptionResumed",
    "TranscriptionStopped",
    "TranscriptionUpdated",
    "UnauthorizedError",
    "UpdateTranscription",
    "UtteranceDropped",
    "VoiceQuality",
    "connect",
]
