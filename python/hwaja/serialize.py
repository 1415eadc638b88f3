"""Writes the messages of the server as JSON, keys in the specification's order; pure."""

import json
from typing import Any

from hwaja import texts
from hwaja.codes import Reason
from hwaja.messages import (
    SPEAKERS,
    Details,
    Error,
    Interim,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SpeakerUpdate,
    Transcription,
    TranscriptionStarted,
    TranscriptionStopped,
)
from hwaja.quality import Quality, warnings


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
