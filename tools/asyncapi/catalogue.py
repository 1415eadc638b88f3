"""Every message of the protocol with all its fields: which there are, what each is, who gets it."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, get_args, get_type_hints

from hwaja.protocol.messages import (
    ClientMessage,
    Details,
    PassingMessage,
    Place,
    ServerMessage,
    SpeakerShare,
    Summary,
)
from hwaja.protocol.quality import ADVICE, Quality
from hwaja.protocol.values import Hotword, Options, Token
from tools.asyncapi import examples, sentences
from tools.asyncapi.examples import Example
from tools.asyncapi.json_schema import Schema, schema_of, without_none

_DISSOLVED = {Details, Options, Place, Summary}
"""Classes whose fields stand in the message itself."""

PARTS = (Hotword, Quality, Token, SpeakerShare)
"""Classes that are objects inside of messages."""

_ASKING = {*get_args(ClientMessage), Options}
"""Classes of which everything that may be left out goes beyond the specification."""

RESUME = "resume"
"""What a client asks for with its address or a subprotocol, not with a message."""

_ASKED_BY: dict[str, tuple[str, ...]] = {
    "AudioReceived": (RESUME,),
    "Interim": ("interim_results",),
    "LimitWarning": ("details",),
    "SpeakerUpdate": ("speaker_updates",),
    "TooFarAhead": ("details",),
    "TranscriptionStopped": ("stop_transcription",),
    "Details": ("details",),
    "Place": (RESUME,),
    "ModelLoaded.session_token": (RESUME,),
    "ModelLoaded.resumed": (RESUME,),
    "RegistrationCompleted.quality": ("quality", "details"),
    "Transcription.segment_id": ("details", "interim_results", "speaker_updates"),
    "Error.reason": ("details",),
    "Error.quality": ("quality", "details"),
    "Error.looks_like": ("details",),
    "Error.received_samples": ("details",),
}
"""What brings what goes beyond the specification, by class, or by class and field."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a message, or of an object in one."""

    name: str
    schema: Schema
    sentence: str
    required: bool
    beyond: bool = False
    asked_by: tuple[str, ...] = ()
    """Of what goes beyond: any of these brings it; empty: it is itself what is asked."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the client or of the server."""

    type: str
    sentence: str
    more: str
    """What else is said of it; may be empty."""
    beyond: bool
    asked_by: tuple[str, ...]
    fields: tuple[Field, ...]
    """All of them, `type` first."""
    payloads: tuple[dict[str, Any], ...]
    """Examples."""


_WARNINGS = Field(
    "warnings",
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["reason", "message"],
            "properties": {
                "reason": {
                    "description": "What, for programs.",
                    "type": "string",
                    "enum": [reason.value for reason in ADVICE],
                },
                "message": {"description": "What to do about it, in Korean.", "type": "string"},
            },
        },
    },
    'What could be better, each as `{"reason", "message"}` like an error; the gravest first.',
    required=True,
)
_MESSAGE = Field("message", {"type": "string"}, "What to tell a person, in Korean.", required=True)
_NUMBER = Field(
    "number",
    {"type": "integer", "minimum": 1},
    "Counts up by 1 in a session. One that was had before is to be dropped.",
    required=False,
    beyond=True,
    asked_by=(RESUME,),
)


def client_messages() -> tuple[Message, ...]:
    """Return what a client sends."""
    return tuple(_message(kind, examples.CLIENT) for kind in get_args(ClientMessage))


def server_messages() -> tuple[Message, ...]:
    """Return what the server sends."""
    return tuple(_message(kind, examples.SERVER) for kind in get_args(ServerMessage))


def part(kind: type) -> tuple[Field, ...]:
    """Return the fields of one of `PARTS`."""
    fields = tuple(_fields(kind, set()))
    return (*fields, _WARNINGS) if kind is Quality else fields


def _message(kind: type, shown: Sequence[Example]) -> Message:
    payloads = tuple(example.payload for example in shown if example.kind is kind)
    fullest_first = sorted(payloads, key=lambda payload: len(payload), reverse=True)
    keys = tuple(dict.fromkeys(chain.from_iterable(fullest_first)))
    fields = {field.name: field for field in (*_common(kind, payloads), *_fields(kind, set(keys)))}
    if set(fields) != set(keys):
        raise ValueError(f"{kind.__name__}: {set(fields) ^ set(keys)} not described, or not shown")
    sentence, more, beyond = sentences.of_message(kind)
    return Message(
        type=payloads[0]["type"],
        sentence=sentence,
        more=more,
        beyond=beyond,
        asked_by=_ASKED_BY.get(kind.__name__, ()),
        fields=tuple(fields[key] for key in keys),
        payloads=payloads,
    )


def _common(kind: type, payloads: Sequence[dict[str, Any]]) -> Iterator[Field]:
    """Yield what `serialize.py` adds to the fields of a message's class."""
    name = {"type": "string", "const": payloads[0]["type"]}
    yield Field("type", name, "Which message it is.", required=True)
    if kind in get_args(ClientMessage):
        return
    if "message" in payloads[0]:
        yield _MESSAGE
    if kind not in get_args(PassingMessage):
        yield _NUMBER


def _fields(kind: type, keys: set[str]) -> Iterator[Field]:
    """Yield the fields of a class, and of those whose fields stand beside its own."""
    hints, said = get_type_hints(kind), sentences.of_fields(kind)
    for field in dataclasses.fields(kind):
        inner = without_none(hints[field.name])
        dissolves = inner in _DISSOLVED
        if not dissolves or field.name in keys:
            asked_by = _asked_by(kind, field.name)
            is_optional = field.default is not dataclasses.MISSING
            yield Field(
                field.name,
                schema_of(kind, field.name, inner),
                said[field.name] + sentences.of_members(inner),
                required=not is_optional and not asked_by,
                beyond=bool(asked_by) or (is_optional and kind in _ASKING),
                asked_by=asked_by,
            )
        if dissolves:
            yield from _fields(inner, keys)


def _asked_by(kind: type, name: str) -> tuple[str, ...]:
    of_class = _ASKED_BY.get(kind.__name__, ()) if kind in _DISSOLVED else ()
    return _ASKED_BY.get(f"{kind.__name__}.{name}", of_class)
