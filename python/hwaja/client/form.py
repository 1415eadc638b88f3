"""Whether a message of a server has the form of the protocol, before anything relies on it.

What a later server adds is no fault: types, fields, and values of an enumeration.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, get_args

import msgspec
from msgspec.inspect import (
    BoolType,
    EnumType,
    Field,
    FloatType,
    IntType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)

from hwaja.client.errors import Message
from hwaja.protocol.fields import by_tag, inlined
from hwaja.protocol.server_messages import ServerMessage

MOST_SECONDS = 1e9
"""Largest number with a fraction, 30 years: dates can be moved by it."""

MOST_COUNTED = 2**53
"""Largest whole number that JSON carries exactly everywhere."""

YEARS = range(1970, 3000)
"""Years of a timestamp: so far from the ends of the calendar that dates can be moved."""

_KINDS = by_tag(get_args(ServerMessage))


def follows_protocol(message: Message) -> bool:
    """Return whether the fields of a message are those of its type; True for an unknown type.

    `message` has a `type`, which is a string.
    """
    kind = _KINDS.get(message["type"])
    is_numbered = _is_count(message.get("number", 0))
    if kind is None:
        return is_numbered
    is_worded = isinstance(message.get("message", ""), str)
    return is_numbered and is_worded and _has_fields(kind, message)


def _has_fields(kind: type[msgspec.Struct], given: Mapping[str, Any]) -> bool:
    """Return whether an object has what a struct needs, and nothing of another type.

    An inlined part needs nothing: an older server may not know all of its fields.
    """
    parts = inlined(kind)
    own = [each for each in _fields(kind) if each.name not in parts]
    of_parts = [each for part in parts.values() for each in _fields(part) if each.name in given]
    return all(_is_good(each, given) for each in (*own, *of_parts))


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    struct = msgspec.inspect.type_info(kind)
    return struct.fields if isinstance(struct, StructType) else ()


def _is_good(field: Field, given: Mapping[str, Any]) -> bool:
    if field.name in given:
        return _fits(field.type, given[field.name])
    # What the client must ask for is absent from a server that cannot do it.
    is_asked_for = isinstance(field.type, Metadata) and "x-hwaja-asked-by" in (
        field.type.extra_json_schema or {}
    )
    return is_asked_for or not field.required


def _fits(kind: Type, value: Any) -> bool:
    match kind:
        case Metadata(extra_json_schema={"format": "date-time"}):
            return isinstance(value, str) and _is_date(value)
        case Metadata(type=inner):
            return _fits(inner, value)
        case UnionType(types=kinds):
            return any(_fits(each, value) for each in kinds)
        case VarTupleType(item_type=item):
            return isinstance(value, list) and all(_fits(item, each) for each in value)
        case StructType(cls=cls):
            return isinstance(value, dict) and _has_fields(cls, value)
    return _SCALARS[type(kind)](value)


def _is_count(value: Any) -> bool:
    return type(value) is int and abs(value) <= MOST_COUNTED


def _is_date(text: str) -> bool:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return False
    return date.tzinfo is not None and date.year in YEARS


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= MOST_SECONDS  # False for NaN


_SCALARS: dict[type[Type], Callable[[Any], bool]] = {
    NoneType: lambda _: False,  # the server leaves out what it does not have
    BoolType: lambda value: isinstance(value, bool),
    IntType: _is_count,
    FloatType: _is_number,
    StrType: lambda value: isinstance(value, str),
    EnumType: lambda value: isinstance(value, str),
}
