"""Collects every message of the protocol with its fields, their types and their conditions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import EnumType
from itertools import chain
from typing import Any, get_args, get_type_hints

import msgspec

from hwaja.protocol import audio, codes, values
from hwaja.protocol.audio import AudioConfig
from hwaja.protocol.client_messages import ClientMessage, FromClient, UpdateTranscription
from hwaja.protocol.field_types import Inlined
from hwaja.protocol.fields import inlined
from hwaja.protocol.server_messages import FromServer, PassingMessage, ServerMessage
from hwaja.protocol.values import (
    Added,
    Hotword,
    NamedSpeaker,
    Options,
    Place,
    Quality,
    QualityWarning,
    ServerAbilities,
    ServerLimits,
    SpeakerShare,
    SpeakerSpeech,
    Token,
    Word,
)
from hwaja.session.states import State
from tools.asyncapi import examples, sentences
from tools.asyncapi.examples import Example

Schema = dict[str, Any]

PARTS = (
    AudioConfig,
    Hotword,
    Quality,
    Token,
    Word,
    SpeakerSpeech,
    SpeakerShare,
    NamedSpeaker,
    ServerAbilities,
    ServerLimits,
)
"""Structs that are objects inside messages."""

_REFERENCE = "#/components/schemas/"

_OF_PYTHON = ("default", "anyOf", "$ref")
"""Keywords of msgspec's schemas that do not describe the wire format."""

_OUTSIDE = (State.CONNECTING, State.CLOSED)
"""States in which a client has no session to resume."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a message, or of an object in a message."""

    name: str
    schema: Schema
    sentence: str
    required: bool
    beyond: bool = False
    asked_by: tuple[str, ...] = ()
    """Requests that add this field, which is beyond the specification; any of them suffices.

    Empty: the field itself is such a request.
    """


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the client or of the server."""

    type: str
    sentence: str
    more: str
    """Further description; may be empty."""
    beyond: bool
    asked_by: tuple[str, ...]
    fields: tuple[Field, ...]
    """All fields, `type` first."""
    payloads: tuple[dict[str, Any], ...]
    """Examples of the message."""


def reference(kind: type) -> Schema:
    """Return a reference to the schema of a struct inside messages."""
    return {"$ref": f"{_REFERENCE}{kind.__name__}"}


def client_messages() -> tuple[Message, ...]:
    """Return the messages of a client."""
    return tuple(_message(kind, examples.CLIENT) for kind in get_args(ClientMessage))


def server_messages() -> tuple[Message, ...]:
    """Return the messages of the server."""
    return tuple(_message(kind, examples.SERVER) for kind in get_args(ServerMessage))


def part(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    """Return the fields of one of `PARTS`."""
    return tuple(_fields(kind))


def as_object(fields: Sequence[Field], sentence: str = "") -> Schema:
    """Return the schema of an object with these fields."""
    return {
        "type": "object",
        **({"description": sentence} if sentence else {}),
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _property(field) for field in fields},
    }


def _property(field: Field) -> Schema:
    # JSON Schema, draft 7, ignores all keys beside $ref.
    schema = {"allOf": [field.schema]} if "$ref" in field.schema else field.schema
    return {"description": field.sentence, **schema, **marks(field.beyond, field.asked_by)}


def marks(beyond: bool, asked_by: tuple[str, ...]) -> Schema:
    """Return the schema extensions of a message or field beyond the specification."""
    found: Schema = {"x-hwaja-beyond": True} if beyond else {}
    return found | ({"x-hwaja-asked-by": list(asked_by)} if asked_by else {})


def _message(kind: type[FromClient | FromServer], shown: Sequence[Example]) -> Message:
    payloads = tuple(example.payload for example in shown if example.kind is kind)
    fullest_first = sorted(payloads, key=lambda payload: len(payload), reverse=True)
    keys = tuple(dict.fromkeys(chain.from_iterable(fullest_first)))
    fields = {field.name: field for field in (*_common(kind), *_fields(kind))}
    if set(fields) != set(keys):
        raise ValueError(f"{kind.__name__}: {set(fields) ^ set(keys)} not described, or not shown")
    sentence, more = sentences.of_message(kind)
    asked_by = kind.ASKED_BY if issubclass(kind, FromServer) else ()
    return Message(
        type=payloads[0]["type"],
        sentence=sentence,
        more=more,
        beyond=bool(asked_by) or (issubclass(kind, FromClient) and kind.IS_BEYOND),
        asked_by=asked_by,
        fields=tuple(fields[key] for key in keys),
        payloads=payloads,
    )


def _common(kind: type[FromClient | FromServer]) -> Iterator[Field]:
    """Yield the `type` field of a message, and the fields that `serialize.py` adds to it."""
    name = {"type": "string", "const": kind.__struct_config__.tag}
    yield Field("type", name, "Which message it is.", required=True)
    if issubclass(kind, FromServer):
        message, request_id, number = _fields(Added)
        yield from [message] if kind.BEFORE_TEXT else []
        yield from [request_id] if kind.IS_ANSWER else []
        yield from [number] if kind not in get_args(PassingMessage) else []


def _fields(kind: type[msgspec.Struct]) -> Iterator[Field]:
    """Yield the fields of a struct and of the structs that are flattened into it."""
    schemas, said, parts = _schemas(kind), sentences.of_fields(kind), inlined(kind)
    if issubclass(kind, FromClient):
        said = sentences.of_fields(FromClient) | said
    hints = get_type_hints(kind)
    may_ask = issubclass(kind, FromClient) or kind is Options
    of_part = kind.ASKED_BY if issubclass(kind, Inlined) else ()
    for field in msgspec.structs.fields(kind):
        schema = schemas[field.name]
        asked_by = tuple(schema.pop("x-hwaja-asked-by", of_part))
        is_optional = field.default is not msgspec.NODEFAULT
        if field.name not in parts or "type" in schema:
            yield Field(
                field.name,
                schema,
                said[field.name] + sentences.of_members(hints[field.name]),
                required=not is_optional and not asked_by,
                beyond=bool(asked_by) or (is_optional and may_ask),
                asked_by=asked_by,
            )
        if field.name in parts:
            yield from _fields(parts[field.name])


def _schemas(kind: type[msgspec.Struct]) -> dict[str, Schema]:
    """Return msgspec's schema of each field of a struct, in its wire form."""
    _, found = msgspec.json.schema_components([kind], ref_template=f"{_REFERENCE}{{name}}")
    properties = found[kind.__name__]["properties"]
    schemas = {name: _wire(properties[name]) for name in kind.__struct_fields__}
    # Constraints that the types do not express.
    if kind is Place:
        schemas["state"]["enum"] = [each.name.lower() for each in State if each not in _OUTSIDE]
    if kind in (Options, UpdateTranscription):
        text = _schemas(Hotword)["text"]
        schemas["hotwords"]["items"] = {"anyOf": [text, reference(Hotword)]}
    return schemas


def _wire(schema: Schema) -> Schema:
    """Return a schema without Python's own details: defaults, None, names of enums."""
    found = {key: value for key, value in schema.items() if key not in _OF_PYTHON}
    if "items" in found:
        found["items"] = _wire(found["items"])
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) > 1:
        return found | {"anyOf": kinds}
    if "type" not in found:
        inner = _wire(kinds[0]) if kinds else _referred(schema["$ref"].removeprefix(_REFERENCE))
        found = inner | found
    return {key: found[key] for key in ("type",) if key in found} | found


def _referred(name: str) -> Schema:
    """Return the schema of an enum or a struct by its name."""
    modules = (codes, values, audio)
    enum = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
    if isinstance(enum, EnumType):
        return {"type": "string", "enum": [member.value for member in enum]}
    if enum is QualityWarning:
        return as_object(tuple(_fields(enum)))
    return {"$ref": f"{_REFERENCE}{name}"}
