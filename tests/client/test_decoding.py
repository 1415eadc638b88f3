"""The client decodes exactly the messages that the server encodes."""

import json
from typing import Any

from hypothesis import given, settings
from msgspec.structs import replace
from server_messages import messages, transcriptions

from hwaja.client.client_events import Failure
from hwaja.client.decoding import read, read_enrolled
from hwaja.protocol.codes import ErrorCode
from hwaja.protocol.messages import (
    Error,
    Interim,
    LimitWarning,
    RegistrationCompleted,
    ServerMessage,
    SpeakerUpdate,
    Transcription,
    TranscriptionStopped,
)
from hwaja.protocol.serialize import serialize
from hwaja.protocol.values import Label

TOLD = Transcription | Interim | SpeakerUpdate | LimitWarning | TranscriptionStopped


@settings(deadline=None)
@given(messages)
def test_every_message_is_read_as_it_was_written(message: ServerMessage) -> None:
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
def test_without_details_there_are_none(message: Transcription) -> None:
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
def test_fields_that_a_later_server_adds_are_passed_over(message: ServerMessage) -> None:
    fields = json.loads(serialize(message, details=True))
    if isinstance(message, RegistrationCompleted):
        assert read_enrolled(extended(fields)) == read_enrolled(fields)
    else:
        assert read(extended(fields)) == read(fields)


def test_a_reason_of_a_later_server_is_none_and_a_warning_of_it_tells_nothing() -> None:
    failed = {"type": "error", "code": "TRANSCRIPTION_FAILED", "reason": "new", "message": "…"}
    assert read(failed) == Failure(ErrorCode.TRANSCRIPTION_FAILED, None, "…")
    assert read({"type": "limit_warning", "reason": "new", "seconds_left": 60}) is None


@settings(deadline=None)
@given(transcriptions.filter(lambda message: message.details is not None))
def test_a_label_of_a_later_server_is_a_doubt(message: Transcription) -> None:
    fields = json.loads(serialize(message, details=True)) | {"label": "whispered"}
    told = read(fields)
    assert isinstance(told, Transcription)
    assert told.details is not None
    assert told.details.label is Label.DOUBTFUL
