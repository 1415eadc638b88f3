"""Writes the messages of the server as JSON, keys in the specification's order; pure."""

import json
from dataclasses import asdict
from typing import Any

from hwaja.protocol import texts
from hwaja.protocol.codes import Reason
from hwaja.protocol.messages import (
    SPEAKERS,
    AudioReceived,
    Details,
    Error,
    Interim,
    LimitWarning,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SpeakerUpdate,
    Summary,
    TooFarAhead,
    Transcription,
    TranscriptionStarted,
    TranscriptionStopped,
)
from hwaja.protocol.quality import Quality, warnings


def serialize(
    message: ServerMessage,
    *,
    details: bool = False,
    max_speakers: int = SPEAKERS,
    number: int | None = None,
) -> str:
    """Write one server message as JSON text, keys in the specification's order.

    Args:
        message: what to say.
        details: whether the client asked for more than the specification's fields.
        max_speakers: how many speaker ids there are, for the sentence that says so.
        number: counts the messages of a session that can be resumed; None leaves it out.

    """
    fields = _fields(message, details, max_speakers)
    if number is not None:
        fields["number"] = number
    return json.dumps(fields, ensure_ascii=False)


def _fields(message: ServerMessage, details: bool, max_speakers: int) -> dict[str, Any]:
    match message:
        case ModelLoaded():
            return _model_loaded(message)
        case RegistrationStarted() | RegistrationCompleted():
            return _registration(message)
        case TranscriptionStarted():
            return {"type": "transcription_started", "message": texts.TRANSCRIPTION_STARTED}
        case Transcription():
            return _transcription(message)
        case Interim(segment_id, text, stable_chars):
            interim = {"segment_id": segment_id, "text": text, "stable_chars": stable_chars}
            return {"type": "interim", **interim}
        case SpeakerUpdate(segment_id, speaker_id):
            return {"type": "speaker_update", "segment_id": segment_id, "speaker_id": speaker_id}
        case TranscriptionStopped(summary):
            stopped = {"type": "transcription_stopped", "message": texts.TRANSCRIPTION_STOPPED}
            return stopped | _summary(summary)
        case Error():
            return _error(message, details, max_speakers)
        case AudioReceived() | TooFarAhead() | LimitWarning():
            return _notice(message)


def _model_loaded(message: ModelLoaded) -> dict[str, Any]:
    text = texts.MODEL_LOADED if message.resumed is None else texts.RESUMED
    fields: dict[str, Any] = {"type": "model_loaded", "message": text}
    if message.session_token is not None:
        fields |= {"session_token": message.session_token, "resumed": message.resumed is not None}
    if message.resumed is not None:
        fields |= asdict(message.resumed)
    return fields


def _notice(message: AudioReceived | TooFarAhead | LimitWarning) -> dict[str, Any]:
    if isinstance(message, AudioReceived):
        return {"type": "audio_received", "received_samples": message.received_samples}
    if isinstance(message, TooFarAhead):
        waiting_seconds = round(message.waiting_seconds, 1)
        return {"type": "too_far_ahead", "waiting_seconds": waiting_seconds, "hold": message.hold}
    text = texts.AHEAD[message.reason].format(seconds=message.seconds_left)
    warning = {"reason": message.reason.value, "message": text}
    return {"type": "limit_warning", **warning, "seconds_left": message.seconds_left}


def _summary(summary: Summary) -> dict[str, Any]:
    fields = asdict(summary) | {"audio_seconds": round(summary.audio_seconds, 3)}
    for share in fields["speakers"]:
        share["speech_seconds"] = round(share["speech_seconds"], 3)
    return fields


def _registration(message: RegistrationStarted | RegistrationCompleted) -> dict[str, Any]:
    if isinstance(message, RegistrationStarted):
        kind, text, quality = "started", texts.REGISTRATION_STARTED, None
    else:
        kind, text, quality = "completed", texts.REGISTRATION_COMPLETED, message.quality
    speaker_id = message.speaker_id
    return {
        "type": f"speaker_registration_{kind}",
        "speaker_id": speaker_id,
        "message": text.format(number=speaker_id + 1),
        **_quality(quality),
    }


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


# Only a client that knows more than the specification, or keeps it not, meets these; it may know
# the reason too.
_TOLD_UNASKED = frozenset(
    {
        Reason.LANGUAGE_UNSUPPORTED,
        Reason.HOTWORDS_UNSUPPORTED,
        Reason.HOTWORD_UNKNOWN,
        Reason.WRONG_FORMAT,
    }
)


def _error(error: Error, details: bool, max_speakers: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": "error", "code": error.code.value}
    if error.speaker_id is not None:
        fields["speaker_id"] = error.speaker_id
    specified = texts.SPECIFIED_ERRORS.get(error.code)
    if details or specified is None or error.reason in _TOLD_UNASKED:
        fields["message"] = texts.sentence(error.reason, max_speakers, error.looks_like)
        fields["reason"] = error.reason.value
    else:
        fields["message"] = specified
    if error.looks_like is not None:
        fields["looks_like"] = error.looks_like.value
    if error.received_samples is not None and details:
        fields["received_samples"] = error.received_samples
    return fields | _quality(error.quality)
