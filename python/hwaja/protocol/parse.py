"""Reads the text messages of a client; pure, and never trusts one.

The standard library decodes the JSON, msgspec checks the fields. msgspec's own decoder refuses what
the standard library takes: NaN, half a surrogate pair, a wrong value that a later one of the same
key replaces. It takes numbers that are too long for Python.
"""

import json
from typing import Any, get_args

from hwaja.protocol.client_messages import (
    ClientMessage,
    CompleteRegistration,
    InvalidMessageError,
    NameSpeaker,
    RestoreSpeaker,
    StartRegistration,
    StartTranscription,
    UpdateTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.fields import Fields, by_tag, from_fields
from hwaja.protocol.values import (
    MAX_ECHOED_ID,
    MAX_HOTWORD_CHARS,
    MAX_REQUEST_ID_CHARS,
    MOST_SPEAKERS,
    SPEAKERS,
    RequestId,
)

MAX_TEXT_CHARS = 16_384
"""Longest text message that is read. The longest one of the specification has 60 characters."""

_KINDS: dict[Any, type[ClientMessage]] = by_tag(get_args(ClientMessage))

_decoder = json.JSONDecoder()


def parse(text: str, max_speakers: int = SPEAKERS) -> ClientMessage:
    """Read one text message of a client, whose speaker ids must be below `max_speakers`.

    Unknown keys are ignored, so that newer clients keep working.

    Raises:
        InvalidMessageError: with the error to answer: the code of the phase where the type is
            known, `INVALID_MESSAGE` otherwise.

    """
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.MESSAGE_TOO_LONG)
    try:
        fields = _decoded(text)
    except (ValueError, RecursionError):
        # "from None": the parser's own error quotes the client's text.
        raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON) from None
    if not isinstance(fields, dict):
        raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON)
    try:
        return _message(fields, max_speakers)
    except InvalidMessageError as error:
        error.wants_details = fields.get("details") is True
        error.request_id = _request_id(fields.get("request_id"))
        raise


def _decoded(text: str) -> Any:
    """Return what `json.loads` does, in half the time."""
    text = text.strip(" \t\n\r")
    value, end = _decoder.raw_decode(text)
    if end < len(text):
        raise ValueError("more than one value")
    return value


def _message(fields: Fields, max_speakers: int) -> ClientMessage:
    name = fields.get("type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.UNKNOWN_TYPE)
    try:
        message = from_fields(kind, _with_plain_hotwords(fields))
    except ValueError:  # msgspec's, or UnicodeEncodeError for half a surrogate pair
        raise _refusal(kind, fields, max_speakers) from None
    if not _is_within_limits(message, max_speakers):
        raise _refusal(kind, fields, max_speakers)
    return message


def _with_plain_hotwords(fields: Fields) -> Fields:
    """Return the fields with every hotword as an object, its text without needless spaces."""
    hotwords = fields.get("hotwords")
    if not isinstance(hotwords, list):
        return fields
    return {**fields, "hotwords": [_plain_hotword(value) for value in hotwords]}


def _plain_hotword(value: Any) -> Fields:
    given = value if isinstance(value, dict) else {"text": value}
    text = given.get("text")
    if isinstance(text, str) and len(text.strip()) <= MAX_HOTWORD_CHARS:
        text = " ".join(text.split())
    return {"text": text, "boost": given.get("boost")}


_OF_SPEAKERS = StartRegistration | CompleteRegistration | RestoreSpeaker | NameSpeaker


def _is_within_limits(message: ClientMessage, max_speakers: int) -> bool:
    """Return whether a message keeps to the limits that its types do not state."""
    if message.request_id != _request_id(message.request_id):
        return False
    if isinstance(message, UpdateTranscription):
        message = message.applied_to(StartTranscription())
    if isinstance(message, StartTranscription):
        # Half a surrogate pair, which JSON can escape, cannot cross to a worker.
        hotwords = (hotword.text for hotword in message.options.hotwords)
        return all(map(str.isprintable, (message.options.language or "", *hotwords)))
    if isinstance(message, NameSpeaker) and not message.name.isprintable():
        return False
    if isinstance(message, _OF_SPEAKERS):
        return 0 <= message.speaker_id < _ids_for(type(message), max_speakers)
    return True


def _ids_for(kind: type[ClientMessage], max_speakers: int) -> int:
    """Return below which number the speaker ids of a message must be."""
    may_be_discovered = kind in (NameSpeaker, RestoreSpeaker)
    return MOST_SPEAKERS if may_be_discovered else max_speakers


def _request_id(value: Any) -> RequestId | None:
    """Return a `request_id` that may be repeated in an answer; None where it may not."""
    if isinstance(value, str):
        is_good = len(value) <= MAX_REQUEST_ID_CHARS and value.isprintable()
    else:
        is_good = type(value) is int and abs(value) <= MAX_ECHOED_ID
    return value if is_good else None


def _refusal(kind: type[ClientMessage], fields: Fields, max_speakers: int) -> InvalidMessageError:
    """Return the error that answers a message with a wrong field."""
    if kind not in (StartRegistration, CompleteRegistration, RestoreSpeaker):
        return InvalidMessageError(kind.FAILS, Reason.BAD_FIELD)
    speaker_id = fields.get("speaker_id")
    if type(speaker_id) is not int:  # True and 1.0 are not speaker ids
        return InvalidMessageError(kind.FAILS, Reason.BAD_FIELD)
    if 0 <= speaker_id < _ids_for(kind, max_speakers):
        return InvalidMessageError(kind.FAILS, Reason.BAD_FIELD, speaker_id)
    echoed_id = speaker_id if abs(speaker_id) <= MAX_ECHOED_ID else None
    return InvalidMessageError(kind.FAILS, Reason.UNKNOWN_SPEAKER, echoed_id)
