"""Writes the messages of the server as JSON, keys in the specification's order; pure."""

import json

import msgspec

from hwaja.protocol import texts
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.fields import Fields, to_fields
from hwaja.protocol.server_messages import (
    Error,
    LimitWarning,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    TranscriptionPaused,
    TranscriptionResumed,
    TranscriptionStarted,
    TranscriptionStopped,
    TranscriptionUpdated,
)
from hwaja.protocol.values import SPEAKERS, RequestId

# Only a client that goes beyond the specification, or breaks it, gets these. It may be sent the
# reason too.
_ALWAYS_WITH_REASON = frozenset(
    {
        Reason.LANGUAGE_UNSUPPORTED,
        Reason.HOTWORDS_UNSUPPORTED,
        Reason.HOTWORD_UNKNOWN,
        Reason.WRONG_FORMAT,
        Reason.ENCODING_UNSUPPORTED,
        Reason.CHANNELS_UNSUPPORTED,
        Reason.TICKET_EXPIRED,
        Reason.TICKET_FOREIGN,
        Reason.TICKET_TAMPERED,
        Reason.TICKET_OTHER_MODEL,
        Reason.TICKET_OTHER_SUBJECT,
    }
)

_SENTENCES: dict[type, str] = {
    TranscriptionStarted: texts.TRANSCRIPTION_STARTED,
    TranscriptionStopped: texts.TRANSCRIPTION_STOPPED,
    TranscriptionUpdated: texts.TRANSCRIPTION_UPDATED,
    TranscriptionPaused: texts.TRANSCRIPTION_PAUSED,
    TranscriptionResumed: texts.TRANSCRIPTION_RESUMED,
}
"""The messages that tell a person always the same."""


def serialize(
    message: ServerMessage,
    *,
    details: bool = False,
    max_speakers: int = SPEAKERS,
    number: int | None = None,
    request_id: RequestId | None = None,
) -> str:
    """Write one server message as JSON text, keys in the specification's order.

    Args:
        message: what to say.
        details: whether the client asked for more than the specification's fields.
        max_speakers: how many speaker ids there are, for the sentence that says so.
        number: counts the messages of a session that can be resumed; None leaves it out.
        request_id: what the client called the message that this answers; None leaves it out.

    """
    fields = to_fields(message)
    if isinstance(message, ModelLoaded) and message.session_token is not None:
        # Before the fields of the place; the others keep their values.
        fields = dict.fromkeys(("type", "session_token", "resumed"), True) | fields
        fields["resumed"] = message.resumed is not None
    if isinstance(message, Error) and not details:
        fields.pop("received_samples", None)
        if not _has_reason(message):
            del fields["reason"]
    if message.BEFORE_TEXT:
        before = {name: fields.pop(name) for name in message.BEFORE_TEXT if name in fields}
        fields = before | {"message": _text(message, "reason" in fields, max_speakers)} | fields
    if request_id is not None:
        fields["request_id"] = request_id
    if number is not None:
        fields["number"] = number
    return _encoded(fields)


def _encoded(fields: Fields) -> str:
    """Return JSON with a blank behind each comma and each colon, as the specification has it."""
    try:
        return msgspec.json.format(msgspec.json.encode(fields), indent=0).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which msgspec does not write
        return json.dumps(fields, ensure_ascii=False)


def _has_reason(error: Error) -> bool:
    """Return whether a client without `details` is told the reason of an error."""
    return error.code not in texts.SPECIFIED_ERRORS or error.reason in _ALWAYS_WITH_REASON


def _text(message: ServerMessage, with_reason: bool, max_speakers: int) -> str:
    """Return what a message tells a person."""
    match message:
        case ModelLoaded(resumed=place):
            return texts.MODEL_LOADED if place is None else texts.RESUMED
        case RegistrationStarted(speaker_id):
            return texts.REGISTRATION_STARTED.format(number=speaker_id + 1)
        case RegistrationCompleted(speaker_id):
            return texts.REGISTRATION_COMPLETED.format(number=speaker_id + 1)
        case LimitWarning(reason, seconds_left):
            return texts.AHEAD[reason].format(seconds=seconds_left)
        case Error(ErrorCode.SPEAKER_NAMING_FAILED, Reason.UNKNOWN_SPEAKER):
            return texts.UNHEARD_SPEAKER
        case Error(code, reason) if with_reason:
            return texts.sentence(reason, max_speakers, message.looks_like)
        case Error(code):
            return texts.SPECIFIED_ERRORS[code]
    if type(message) in _SENTENCES:
        return _SENTENCES[type(message)]
    raise TypeError(f"{type(message).__name__} has no text")
