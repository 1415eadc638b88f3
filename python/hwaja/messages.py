"""The wire messages of the specification, as frozen dataclasses.

`parse` reads what a client sent, `serialize` writes what the server answers; both are pure. Keys
and types follow the API specification; what goes beyond it is sent only to a client that asked for
it (`details`), see docs/protocol.md.
"""

import json
from dataclasses import dataclass
from typing import Any

from hwaja import texts
from hwaja.attribution.parts import Label
from hwaja.codes import ErrorCode, Reason
from hwaja.quality import Quality, warnings
from hwaja.recognition import Hotword, Options, Token

SPEAKERS = 2
"""The speakers of the specification, section 2.1: ids 0 and 1. A server may be told of more."""

MOST_SPEAKERS = 8
"""How many more: beyond, somebody nearly alike is likely to be among them."""

MAX_TEXT_CHARS = 16_384
"""Longest text message that is read. The longest one of the specification has 60 characters."""

MAX_HOTWORDS = 100
MAX_HOTWORD_CHARS = 50
MAX_HOTWORD_BOOST = 10.0
"""sherpa-onnx adds 1.5 by default; at 10 a hotword is heard wherever it could be."""


# --- client -> server -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartRegistration:
    """`start_speaker_registration`: what follows is the voice of `speaker_id`."""

    speaker_id: int
    details: bool = False
    quality: bool = False
    """Whether the answer is to say how good the voice is."""
    add: bool = False
    """Whether the voice is added to the speaker's earlier takes instead of replacing them."""


@dataclass(frozen=True, slots=True)
class CompleteRegistration:
    """`complete_speaker_registration`: the voice of `speaker_id` has been sent."""

    speaker_id: int


@dataclass(frozen=True, slots=True)
class StartTranscription:
    """`start_transcription`: what follows is the conversation."""

    details: bool = False
    interim_results: bool = False
    speaker_updates: bool = False
    """Whether to tell of a speaker that turns out to be another; see `SpeakerUpdate`."""
    adapt: bool = False
    """Whether the voices may learn from what they say for sure, until the next transcription."""
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class StopTranscription:
    """`stop_transcription` (beyond the specification): answer everything heard, then say so."""


ClientMessage = StartRegistration | CompleteRegistration | StartTranscription | StopTranscription


class InvalidMessageError(ValueError):
    """A text message that cannot be acted on. Carries names only, never the message's text."""

    def __init__(self, code: ErrorCode, reason: Reason, speaker_id: int | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.speaker_id = speaker_id


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
    if not (language is None or isinstance(language, str)):
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
    return Hotword(" ".join(text.split()), None if boost is None else float(boost))


def _speaker_id(fields: dict[str, Any], max_speakers: int) -> int:
    value = fields.get("speaker_id")
    code = ErrorCode.SPEAKER_REGISTRATION_FAILED
    if type(value) is not int:  # True and 1.0 are not speaker ids
        raise InvalidMessageError(code, Reason.BAD_FIELD)
    if not 0 <= value < max_speakers:
        raise InvalidMessageError(code, Reason.UNKNOWN_SPEAKER, value)
    return value


def _flag(
    fields: dict[str, Any], key: str, phase: ErrorCode, speaker_id: int | None = None
) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise InvalidMessageError(phase, Reason.BAD_FIELD, speaker_id)
    return value


# --- server -> client -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """`model_loaded`: sent once, first; the server is ready for enrolment."""


@dataclass(frozen=True, slots=True)
class RegistrationStarted:
    """`speaker_registration_started`."""

    speaker_id: int


@dataclass(frozen=True, slots=True)
class RegistrationCompleted:
    """`speaker_registration_completed`."""

    speaker_id: int
    quality: Quality | None = None
    """None: the client did not ask."""


@dataclass(frozen=True, slots=True)
class TranscriptionStarted:
    """`transcription_started`."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a `transcription` carries beyond the specification when `details` was asked for."""

    start_seconds: float
    """Beginning of the utterance, from the first sample after `start_transcription`."""
    end_seconds: float
    label: Label
    """How far the speaker can be trusted."""
    probability: float
    """Of the speaker, against the other enrolled ones."""
    scores: tuple[float, ...]
    """Cosine similarity to each enrolled voice, in the order of `speaker_id`; empty if unknown."""
    margin: float | None = None
    """By how much the nearest voice is nearer than the next, normalised; None if unknown."""
    overlap_seconds: float = 0.0
    """How much of it two voices share."""
    tokens: tuple[Token, ...] = ()
    """Pieces of the text, dated like `start_seconds`; empty where the model gives no times."""
    language: str | None = None
    """What the model heard; None where it does not say."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """`transcription`: one utterance."""

    speaker_id: int
    text: str
    timestamp: str
    """ISO 8601, UTC, milliseconds, `Z`: the moment the utterance began."""
    confidence: float
    """RMS level of the utterance's speech in dBFS, one decimal."""
    segment_id: int | None = None
    """Counts the utterances of one transcription from 0; None: the client did not ask."""
    details: Details | None = None


@dataclass(frozen=True, slots=True)
class Interim:
    """`interim` (beyond the specification): the text so far of an utterance that goes on."""

    segment_id: int
    text: str
    """Replaces the last one of the segment; empty: it was no speech after all."""
    stable_chars: int
    """Characters at the beginning of `text` that two hypotheses in a row agree on."""


@dataclass(frozen=True, slots=True)
class SpeakerUpdate:
    """`speaker_update` (beyond the specification): an earlier answer was another speaker's."""

    segment_id: int
    speaker_id: int


@dataclass(frozen=True, slots=True)
class TranscriptionStopped:
    """`transcription_stopped` (beyond the specification): everything heard is answered."""

    utterances: int
    """How many `transcription` messages were sent since `start_transcription`."""


@dataclass(frozen=True, slots=True)
class Error:
    """`error`."""

    code: ErrorCode
    reason: Reason
    speaker_id: int | None = None
    quality: Quality | None = None
    """Of the take that was refused; None: there is none, or the client did not ask."""


ServerMessage = (
    ModelLoaded
    | RegistrationStarted
    | RegistrationCompleted
    | TranscriptionStarted
    | Transcription
    | Interim
    | SpeakerUpdate
    | TranscriptionStopped
    | Error
)


def serialize(
    message: ServerMessage, *, details: bool = False, max_speakers: int = SPEAKERS
) -> str:
    """Write one server message as JSON text, keys in the specification's order.

    Args:
        message: what to say.
        details: whether the client asked for more than the specification's fields.
        max_speakers: how many speaker ids there are, for the sentence that says so.

    """
    return json.dumps(_fields(message, details, max_speakers), ensure_ascii=False)


def _fields(message: ServerMessage, details: bool, max_speakers: int) -> dict[str, Any]:
    match message:
        case ModelLoaded():
            return {"type": "model_loaded", "message": texts.MODEL_LOADED}
        case RegistrationStarted(speaker_id):
            text = texts.REGISTRATION_STARTED.format(number=speaker_id + 1)
            return _registration("speaker_registration_started", speaker_id, text)
        case RegistrationCompleted(speaker_id, quality):
            text = texts.REGISTRATION_COMPLETED.format(number=speaker_id + 1)
            completed = _registration("speaker_registration_completed", speaker_id, text)
            return completed | _quality(quality)
        case TranscriptionStarted():
            return {"type": "transcription_started", "message": texts.TRANSCRIPTION_STARTED}
        case Transcription():
            return _transcription(message)
        case Interim(segment_id, text, stable_chars):
            interim = {"segment_id": segment_id, "text": text, "stable_chars": stable_chars}
            return {"type": "interim", **interim}
        case SpeakerUpdate(segment_id, speaker_id):
            return {"type": "speaker_update", "segment_id": segment_id, "speaker_id": speaker_id}
        case TranscriptionStopped(utterances):
            text = texts.TRANSCRIPTION_STOPPED
            return {"type": "transcription_stopped", "message": text, "utterances": utterances}
        case Error():
            return _error(message, details, max_speakers)


def _registration(kind: str, speaker_id: int, text: str) -> dict[str, Any]:
    return {"type": kind, "speaker_id": speaker_id, "message": text}


def _quality(quality: Quality | None) -> dict[str, Any]:
    if quality is None:
        return {}
    fields: dict[str, Any] = {
        "speech_seconds": round(quality.speech_seconds, 2),
        "takes": quality.takes,
        "level_dbfs": round(quality.level_dbfs, 1),
        "snr_db": round(quality.snr_db, 1),
        "clipped_share": round(quality.clipped_share, 4),
        "agreement": round(quality.agreement, 4),
    }
    if quality.other_similarity is not None:
        fields["other_similarity"] = round(quality.other_similarity, 4)
    if quality.takes_similarity is not None:
        fields["takes_similarity"] = round(quality.takes_similarity, 4)
    fields["warnings"] = [
        {"reason": reason.value, "message": texts.REASONS[reason]} for reason in warnings(quality)
    ]
    return {"quality": fields}


def _transcription(message: Transcription) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "type": "transcription",
        "speaker_id": message.speaker_id,
        "text": message.text,
        "timestamp": message.timestamp,
        "confidence": message.confidence,
    }
    if message.segment_id is not None:
        fields["segment_id"] = message.segment_id
    if message.details is not None:
        fields |= _details(message.details)
    return fields


def _details(details: Details) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "start_seconds": round(details.start_seconds, 3),
        "end_seconds": round(details.end_seconds, 3),
        "label": details.label.value,
        "probability": round(details.probability, 4),
        "scores": [round(score, 4) for score in details.scores],
        "overlap_seconds": round(details.overlap_seconds, 2),
    }
    if details.margin is not None:
        fields["margin"] = round(details.margin, 4)
    if details.tokens:
        fields["tokens"] = [
            {"text": token.text, "start_seconds": round(token.start_seconds, 3)}
            for token in details.tokens
        ]
    if details.language is not None:
        fields["language"] = details.language
    return fields


# Only a client that knows more than the specification meets these; it may know the reason too.
_ANSWERS_TO_A_WISH = frozenset(
    {Reason.LANGUAGE_UNSUPPORTED, Reason.HOTWORDS_UNSUPPORTED, Reason.HOTWORD_UNKNOWN}
)


def _error(error: Error, details: bool, max_speakers: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": "error", "code": error.code.value}
    if error.speaker_id is not None:
        fields["speaker_id"] = error.speaker_id
    specified = texts.SPECIFIED_ERRORS.get(error.code)
    if details or specified is None or error.reason in _ANSWERS_TO_A_WISH:
        fields["message"] = texts.sentence(error.reason, max_speakers)
        fields["reason"] = error.reason.value
    else:
        fields["message"] = specified
    return fields | _quality(error.quality)
