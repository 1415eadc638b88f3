"""From the server's JSON to the dataclasses of `hwaja.messages`; undoes `hwaja.serialize`."""

from collections.abc import Callable, Mapping
from typing import Any

from hwaja.attribution.parts import Label
from hwaja.client.errors import Message
from hwaja.client.told import Failure, Told
from hwaja.codes import ErrorCode, Reason
from hwaja.messages import (
    Details,
    Interim,
    LimitWarning,
    RegistrationCompleted,
    SpeakerShare,
    SpeakerUpdate,
    Summary,
    Transcription,
    TranscriptionStopped,
)
from hwaja.quality import Quality
from hwaja.recognition import Token


def read(message: Message) -> Told | None:
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


def read_quality(fields: Message) -> Quality:
    """Return what was measured of a voice; its warnings follow from it (`quality.warnings`)."""
    return Quality(**{key: value for key, value in fields.items() if key != "warnings"})


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
        label=Label(fields["label"]),
        probability=fields["probability"],
        scores=tuple(fields["scores"]),
        margin=fields.get("margin"),
        overlap_seconds=fields["overlap_seconds"],
        tokens=tuple(Token(**token) for token in fields.get("tokens", ())),
        language=fields.get("language"),
    )


def _stopped(fields: Message) -> TranscriptionStopped:
    shares = tuple(SpeakerShare(**share) for share in fields["speakers"])
    summary = Summary(fields["utterances"], fields["failed"], fields["audio_seconds"], shares)
    return TranscriptionStopped(summary)


def _failure(fields: Message) -> Failure:
    reason = fields.get("reason")
    return Failure(
        ErrorCode(fields["code"]), None if reason is None else Reason(reason), fields["message"]
    )


_READERS: Mapping[str, Callable[[dict[str, Any]], Told]] = {
    "transcription": _transcription,
    "interim": lambda m: Interim(m["segment_id"], m["text"], m["stable_chars"]),
    "speaker_update": lambda m: SpeakerUpdate(m["segment_id"], m["speaker_id"]),
    "limit_warning": lambda m: LimitWarning(Reason(m["reason"]), m["seconds_left"]),
    "transcription_stopped": _stopped,
    "error": _failure,
}
