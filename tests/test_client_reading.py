"""What the client reads is what the server wrote."""

import json
from dataclasses import replace

from hypothesis import given, settings

from hwaja.client.reading import read, read_enrolled
from hwaja.client.told import Failure
from hwaja.messages import (
    Error,
    Interim,
    LimitWarning,
    RegistrationCompleted,
    ServerMessage,
    SpeakerUpdate,
    Transcription,
    TranscriptionStopped,
)
from hwaja.serialize import serialize
from server_messages import messages, transcriptions

TOLD = Transcription | Interim | SpeakerUpdate | LimitWarning | TranscriptionStopped


@settings(deadline=None)
@given(messages)
def test_every_message_is_read_as_it_was_written(message: ServerMessage) -> None:
    """Written again it is the same: what rounding took away is not invented."""
    text = serialize(message, details=True)
    fields = json.loads(text)
    match message:
        case RegistrationCompleted():
            assert serialize(read_enrolled(fields), details=True) == text
        case Error(code, reason):
            assert read(fields) == Failure(code, reason, fields["message"])
        case _ if isinstance(message, TOLD):
            told = read(fields)
            assert isinstance(told, type(message))
            assert serialize(told, details=True) == text
        case _:
            assert read(fields) is None


@settings(deadline=None)
@given(transcriptions)
def test_without_details_there_are_none(message: Transcription) -> None:
    plain = replace(message, details=None)
    assert read(json.loads(serialize(plain))) == plain
