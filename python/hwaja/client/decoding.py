"""Decodes the server's JSON into `hwaja.protocol.messages`; the inverse of `protocol.serialize`.

What a later server may add is passed over: message types, fields, reasons and labels.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from typing import Any, TypeVar

from hwaja.client.client_events import (
    ClientEvent,
    Failure,
    QualityWarning,
    RegistrationCompleted,
    VoiceQuality,
)
from hwaja.client.errors import Message
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.messages import (
    Details,
    Interim,
    LimitWarning,
    SpeakerShare,
    SpeakerUpdate,
    Summary,
    Transcription,
    TranscriptionStopped,
)
from hwaja.protocol.values import Label, Token

Record = TypeVar("Record", VoiceQuality, SpeakerShare, Token)


def read(message: Message) -> ClientEvent | None:
    """Return what a message says; None where it is of a kind that tells the caller nothing.

    Raises:
        KeyError, ValueError: where the other end speaks another protocol.

    """
    reader = _READERS.get(message["type"])
    return None if reader is None else reader(message)


def read_enrolled(message: Message) -> RegistrationCompleted:
    """Return what a `speaker_registration_completed` says."""
    quality = message.get("quality")
    return RegistrationCompleted(
        message["speaker_id"], None if quality is None else read_quality(quality)
    )


def read_quality(fields: Message) -> VoiceQuality:
    """Return what the server says of a voice."""
    warnings = tuple(
        QualityWarning(_reason(warning["reason"]), warning["message"])
        for warning in fields.get("warnings", ())
    )
    return _record(VoiceQuality, {**fields, "warnings": warnings})


def _record(kind: type[Record], fields: Message) -> Record:
    return kind(**{f.name: fields[f.name] for f in fields_of(kind) if f.name in fields})


def _reason(name: str | None) -> Reason | None:
    return Reason(name) if name in set(Reason) else None


def _label(name: str) -> Label:
    # `sure` is known, so whatever is not is some kind of doubt.
    return Label(name) if name in set(Label) else Label.DOUBTFUL


def _transcription(fields: Message) -> Transcription:
    return Transcription(
        fields["speaker_id"],
        fields["text"],
        fields["timestamp"],
        fields["confidence"],
        fields.get("segment_id"),
        _details(fields) if "label" in fields else None,
    )


def _details(fields: Message) -> Details:
    return Details(
        start_seconds=fields["start_seconds"],
        end_seconds=fields["end_seconds"],
        label=_label(fields["label"]),
        probability=fields["probability"],
        scores=tuple(fields["scores"]),
        margin=fields.get("margin"),
        overlap_seconds=fields["overlap_seconds"],
        tokens=tuple(_record(Token, token) for token in fields.get("tokens", ())),
        language=fields.get("language"),
    )


def _stopped(fields: Message) -> TranscriptionStopped:
    shares = tuple(_record(SpeakerShare, share) for share in fields["speakers"])
    summary = Summary(fields["utterances"], fields["failed"], fields["audio_seconds"], shares)
    return TranscriptionStopped(summary)


def _failure(fields: Message) -> Failure:
    return Failure(ErrorCode(fields["code"]), _reason(fields.get("reason")), fields["message"])


def _limit_warning(fields: Message) -> LimitWarning | None:
    reason = _reason(fields["reason"])
    return None if reason is None else LimitWarning(reason, fields["seconds_left"])


_READERS: Mapping[str, Callable[[dict[str, Any]], ClientEvent | None]] = {
    "transcription": _transcription,
    "interim": lambda m: Interim(m["segment_id"], m["text"], m["stable_chars"]),
    "speaker_update": lambda m: SpeakerUpdate(m["segment_id"], m["speaker_id"]),
    "limit_warning": _limit_warning,
    "transcription_stopped": _stopped,
    "error": _failure,
}
