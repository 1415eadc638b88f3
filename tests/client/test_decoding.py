"""The client decodes exactly the messages that the server encodes."""

import json
from typing import Any

from hypothesis import given, settings
from msgspec.structs import replace
from server_messages import messages, transcriptions

from hwaja.client.client_events import Failure
from hwaja.client.decoding import read, read_enrolled
from hwaja.protocol.codes import ErrorCode
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    Error,
    Interim,
    LimitWarning,
    RegistrationCompleted,
    ServerMessage,
    SpeakerNamed,
    SpeakerUpdate,
    Transcription,
    TranscriptionStopped,
)
from hwaja.protocol.values import Label

TOLD = Transcription | Interim | SpeakerUpdate | SpeakerNamed | LimitWarning | TranscriptionStopped


@settings(deadline=None)
@given(messages)
def test_every_message_is_decoded_as_it_was_encoded(message: ServerMessage) -> None:
    """The decoded message serializes to the same text, with the rounded values."""
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
def test_a_message_without_details_is_decoded_without_details(message: Transcription) -> None:
    plain = replace(message, details=None)
    assert read(json.loads(serialize(plain))) == plain


def extended(value: Any) -> Any:
    """Return the JSON value as a later server may send it: one more field in each object."""
    match value:
        case dict():
            return {key: extended(each) for key, each in value.items()} | {"added": 1}
        case list():
            return [extended(each) for each in value]
    return value


@settings(deadline=None)
@given(messages)
def test_unknown_fields_of_a_later_server_are_ignored(message: ServerMessage) -> None:
    fields = json.loads(serialize(message, details=True))
    if isinstance(message, RegistrationCompleted):
        assert read_enrolled(extended(fields)) == read_enrolled(fields)
    else:
        assert read(extended(fields)) == read(fields)


def test_an_unknown_reason_of_a_later_server_is_dropped_with_its_warning() -> None:
    failed = {"type": "error", "code": "TRANSCRIPTION_FAILED", "reason": "new", "message": "…"}
    assert read(failed) == Failure(ErrorCode.TRANSCRIPTION_FAILED, None, "…")
    assert read({"type": "limit_warning", "reason": "new", "seconds_left": 60}) is None


@settings(deadline=None)
@given(transcriptions.filter(lambda message: message.details is not None))
def test_an_unknown_label_of_a_later_server_counts_as_doubtful(message: Transcription) -> None:
    fields = json.loads(serialize(message, details=True)) | {"label": "whispered"}
    told = read(fields)
    assert isinstance(told, Transcription)
    assert told.details is not None
    assert told.details.label is Label.DOUBTFUL
