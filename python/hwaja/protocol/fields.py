"""Between a struct and the fields of its JSON object: what msgspec does not do.

msgspec neither rounds numbers nor puts the fields of a part beside those of the whole, see
`field_types.Inlined`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.inspect import FloatType, Metadata, StructType, Type, UnionType, VarTupleType

from hwaja.protocol.field_types import Inlined

Fields = dict[str, Any]
Message = TypeVar("Message", bound=msgspec.Struct)


_Rounding = Callable[[Any], Any]


def by_tag(kinds: Iterable[type[Message]]) -> dict[Any, type[Message]]:
    """Return messages by what their `type` is on the wire."""
    return {kind.__struct_config__.tag: kind for kind in kinds}


def to_fields(message: msgspec.Struct) -> Fields:
    """Return what is written of a message, with numbers rounded; its tag comes first."""
    plan = _plan(type(message))
    # NumPy's float64 is a float to Python, but not to msgspec.
    fields = plan.rounded(msgspec.to_builtins(message, enc_hook=float))
    for name, _ in plan.parts:
        fields |= fields.pop(name, {})
    return fields


def from_fields(kind: type[Message], fields: Mapping[str, Any]) -> Message:
    """Return the message that fields make; unknown fields are ignored.

    Raises:
        ValueError: where a field is missing or wrong.

    """
    return msgspec.convert(_plan(kind).picked(fields), kind)


def inlined(kind: type[msgspec.Struct]) -> dict[str, type[Inlined]]:
    """Return the fields of a struct whose own fields stand beside them."""
    kinds = {name: _part(hint) for name, hint in get_type_hints(kind).items()}
    return {name: part for name, part in kinds.items() if part is not None}


def _part(hint: Any) -> type[Inlined] | None:
    candidates = (hint, *get_args(hint))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Inlined)), None)


class _Plan:
    """What is to be done with the fields of one struct."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        parts = inlined(kind)
        known = msgspec.structs.fields(kind)
        self.parts = [(name, _plan(part)) for name, part in parts.items()]
        self._names = [each.name for each in known if each.name not in parts]
        self._required = {each.name for each in known if each.required}
        struct = msgspec.inspect.type_info(kind)
        kinds = struct.fields if isinstance(struct, StructType) else ()
        roundings = ((each.name, _rounding(each.type)) for each in kinds)
        self._roundings = [(name, rounding) for name, rounding in roundings if rounding]

    def rounded(self, fields: Fields) -> Fields:
        """Return the fields themselves, with their numbers rounded."""
        for name, rounding in self._roundings:
            if name in fields:
                fields[name] = rounding(fields[name])
        return fields

    def picked(self, fields: Mapping[str, Any]) -> Fields:
        """Return the known fields, those of parts under the names of the parts."""
        picked = {name: fields[name] for name in self._names if name in fields}
        for name, part in self.parts:
            own = part.picked(fields)
            if not part._required or own.keys() & part._required:
                picked[name] = own
        return picked


_plan = cache(_Plan)


def _rounding(kind: Type) -> _Rounding | None:
    """Return what rounds the numbers of a type; None where it has none to round."""
    match kind:
        case Metadata(type=FloatType(), extra={"decimals": int(decimals)}):
            return lambda value: round(value, decimals)
        case Metadata(type=inner):
            return _rounding(inner)
        case UnionType(types=kinds):
            return next(filter(None, map(_rounding, kinds)), None)
        case VarTupleType(item_type=item) if rounding := _rounding(item):
            return lambda values: [rounding(value) for value in values]
        case StructType(cls=cls):
            return _plan(cls).rounded
    return None
