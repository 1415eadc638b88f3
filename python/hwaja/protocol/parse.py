"""Reads the text messages of a client; pure, and never trusts one."""

import json
from typing import Any

from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.messages import (
    SPEAKERS,
    ClientMessage,
    CompleteRegistration,
    InvalidMessageError,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.values import Hotword, Options

MAX_TEXT_CHARS = 16_384
"""Longest text message that is read. The longest one of the specification has 60 characters."""

MAX_TOLD_ID = 2**53
"""Largest number that JSON carries everywhere (RFC 8259, section 6). A speaker id beyond is not
repeated in the answer, since it may have thousands of digits."""

MAX_HOTWORDS = 100
MAX_HOTWORD_CHARS = 50
MAX_HOTWORD_BOOST = 10.0
"""sherpa-onnx adds 1.5 by default; at 10 a hotword is heard wherever it could be."""


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
        fields = json.loads(text)
    except (ValueError, RecursionError):
        # "from None": the parser's own error quotes the client's text.
        raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON) from None
    if not isinstance(fields, dict):
        raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.NOT_JSON)
    try:
        return _message(fields, max_speakers)
    except InvalidMessageError as error:
        error.wants_details = fields.get("details") is True
        raise


def _message(fields: dict[str, Any], max_speakers: int) -> ClientMessage:
    match fields.get("type"):
        case "start_speaker_registration":
            return _start_registration(fields, max_speakers)
        case "complete_speaker_registration":
            return CompleteRegistration(_speaker_id(fields, max_speakers))
        case "start_transcription":
            return _start_transcription(fields)
        case "stop_transcription":
            return StopTranscription()
        case _:
            raise InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.UNKNOWN_TYPE)


def _start_registration(fields: dict[str, Any], max_speakers: int) -> StartRegistration:
    speaker_id = _speaker_id(fields, max_speakers)
    phase = ErrorCode.SPEAKER_REGISTRATION_FAILED
    return StartRegistration(
        speaker_id,
        details=_flag(fields, "details", phase, speaker_id),
        quality=_flag(fields, "quality", phase, speaker_id),
        add=_flag(fields, "add", phase, speaker_id),
    )


def _start_transcription(fields: dict[str, Any]) -> StartTranscription:
    phase = ErrorCode.TRANSCRIPTION_FAILED
    language = fields.get("language")
    hotwords = fields.get("hotwords", [])
    # Half a surrogate pair, which JSON can escape, cannot cross to a worker.
    if not (language is None or (isinstance(language, str) and language.isprintable())):
        raise InvalidMessageError(phase, Reason.BAD_FIELD)
    if not isinstance(hotwords, list) or len(hotwords) > MAX_HOTWORDS:
        raise InvalidMessageError(phase, Reason.BAD_FIELD)
    return StartTranscription(
        details=_flag(fields, "details", phase),
        interim_results=_flag(fields, "interim_results", phase),
        speaker_updates=_flag(fields, "speaker_updates", phase),
        adapt=_flag(fields, "adapt", phase),
        options=Options(language, tuple(_hotword(value) for value in hotwords)),
    )


def _hotword(value: Any) -> Hotword:
    """Read one of `hotwords`: a string, or an object with `text` and `boost`."""
    fields = value if isinstance(value, dict) else {"text": value}
    text, boost = fields.get("text"), fields.get("boost")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_HOTWORD_CHARS:
        raise InvalidMessageError(ErrorCode.TRANSCRIPTION_FAILED, Reason.BAD_FIELD)
    # A boolean is an int to Python; NaN, which its JSON knows, compares false.
    is_number = isinstance(boost, int | float) and not isinstance(boost, bool)
    if boost is not None and not (is_number and 0 < boost <= MAX_HOTWORD_BOOST):
        raise InvalidMessageError(ErrorCode.TRANSCRIPTION_FAILED, Reason.BAD_FIELD)
    text = " ".join(text.split())
    if not text.isprintable():
        raise InvalidMessageError(ErrorCode.TRANSCRIPTION_FAILED, Reason.BAD_FIELD)
    return Hotword(text, None if boost is None else float(boost))


def _speaker_id(fields: dict[str, Any], max_speakers: int) -> int:
    value = fields.get("speaker_id")
    code = ErrorCode.SPEAKER_REGISTRATION_FAILED
    if type(value) is not int:  # True and 1.0 are not speaker ids
        raise InvalidMessageError(code, Reason.BAD_FIELD)
    if not 0 <= value < max_speakers:
        told = value if abs(value) <= MAX_TOLD_ID else None
        raise InvalidMessageError(code, Reason.UNKNOWN_SPEAKER, told)
    return value


def _flag(
    fields: dict[str, Any], key: str, phase: ErrorCode, speaker_id: int | None = None
) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise InvalidMessageError(phase, Reason.BAD_FIELD, speaker_id)
    return value
