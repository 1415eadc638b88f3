"""The client: enrols voices, sends a conversation, tells who said what. See docs/python.md."""

from hwaja.attribution.parts import Label
from hwaja.client.chunks import Chunks
from hwaja.client.errors import ClientError, Message, RefusedError, SessionLostError
from hwaja.client.session import Client, connect
from hwaja.client.told import Failure, Told
from hwaja.messages import (
    Details,
    Interim,
    LimitWarning,
    RegistrationCompleted,
    SpeakerUpdate,
    Summary,
    Transcription,
    TranscriptionStopped,
)

__all__ = [
    "Chunks",
    "Client",
    "ClientError",
    "Details",
    "Failure",
    "Interim",
    "Label",
    "LimitWarning",
    "Message",
    "RefusedError",
    "RegistrationCompleted",
    "SessionLostError",
    "SpeakerUpdate",
    "Summary",
    "Told",
    "Transcription",
    "TranscriptionStopped",
    "connect",
]
