"""JSON Schema (draft 7, as AsyncAPI has it) of a field, from its type, its name and its bounds."""

from dataclasses import is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from hwaja.protocol.codes import Reason
from hwaja.protocol.messages import MOST_SPEAKERS
from hwaja.protocol.parse import (
    MAX_HOTWORD_BOOST,
    MAX_HOTWORD_CHARS,
    MAX_HOTWORDS,
    MAX_TOLD_ID,
)
from hwaja.protocol.quality import ADVICE
from hwaja.protocol.texts import AHEAD
from hwaja.protocol.values import Hotword
from hwaja.session.states import State
from hwaja.vad.gate import FLOOR_DBFS

Schema = dict[str, Any]


def reference(kind: type) -> Schema:
    """Return where the schema of a class that is part of messages stands."""
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


_SIMPLE = {bool: "boolean", int: "integer", float: "number", str: "string"}

_SHARE = {"minimum": 0, "maximum": 1}
_COSINE = {"minimum": -1, "maximum": 1}
_DBFS = {"minimum": FLOOR_DBFS, "maximum": 0}

_BOUNDS: dict[str, Schema] = {
    "speaker_id": {"minimum": 0, "maximum": MOST_SPEAKERS - 1},
    "takes": {"minimum": 1},
    "probability": _SHARE,
    "clipped_share": _SHARE,
    "agreement": _COSINE,
    "other_similarity": _COSINE,
    "takes_similarity": _COSINE,
    "score": _COSINE,
    "margin": {"minimum": 0},
    "confidence": _DBFS,
    "level_dbfs": _DBFS,
}
"""Of numbers, by the name that they have wherever they are. All other integers are counts."""

_PHRASE = {"maxLength": MAX_HOTWORD_CHARS, "pattern": r"\S", "format": "printable"}

_OUTSIDE = (State.CONNECTING, State.CLOSED)
"""States in which there is no session to come back to."""

_PARTICULAR: dict[str, Schema] = {
    "Place.state": {"enum": [state.name.lower() for state in State if state not in _OUTSIDE]},
    "ModelLoaded.resumed": {"type": "boolean"},
    "Transcription.text": {"minLength": 1},
    "Transcription.timestamp": {
        "format": "date-time",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    },
    "LimitWarning.reason": {"enum": [reason.value for reason in AHEAD]},
    "Error.reason": {"enum": [reason.value for reason in Reason if reason not in ADVICE]},
    # One that does not exist is told back.
    "Error.speaker_id": {"minimum": -MAX_TOLD_ID, "maximum": MAX_TOLD_ID},
    "Options.language": {"format": "printable"},
    "Options.hotwords": {
        "maxItems": MAX_HOTWORDS,
        "items": {"anyOf": [{"type": "string"} | _PHRASE, reference(Hotword)]},
    },
    "Hotword.text": _PHRASE,
    "Hotword.boost": {"exclusiveMinimum": 0, "maximum": MAX_HOTWORD_BOOST},
}
"""What a type and a name do not tell, by class and field."""


def schema_of(owner: type, name: str, kind: Any) -> Schema:
    """Return the schema of a field, without its sentence.

    Args:
        owner: the class that has it.
        name: what it is called.
        kind: its type, `without_none`.

    Raises:
        TypeError: for a type that no field has had so far.

    """
    particular = _PARTICULAR.get(f"{owner.__name__}.{name}", {})
    return particular if "type" in particular else _of_type(name, kind) | particular


def without_none(annotation: Any) -> Any:
    """Return the type of a field that is absent where it is None."""
    if not isinstance(annotation, UnionType):
        return annotation
    (inner,) = (kind for kind in get_args(annotation) if kind is not NoneType)
    return inner


def _of_type(name: str, kind: Any) -> Schema:
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _of_type(name.removesuffix("s"), get_args(kind)[0])}
    if isinstance(kind, type) and is_dataclass(kind):
        return reference(kind)
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if kind not in _SIMPLE:
        raise TypeError(f"{name} is of a type without a schema")
    return {"type": _SIMPLE[kind]} | _bounds(name, kind)


def _bounds(name: str, kind: type) -> Schema:
    is_count = kind is int or name.endswith("_seconds")
    return _BOUNDS.get(name, {"minimum": 0} if is_count else {})
