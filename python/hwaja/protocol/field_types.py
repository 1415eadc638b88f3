"""The kinds of fields: how a value is written, and what its JSON schema says beyond its type.

Bounds of what a client sends are enforced, by msgspec or by `parse`. Bounds of what the server
sends are documentation only, so that a client can read what a later server says.
"""

from typing import Annotated, ClassVar, TypeVar

from msgspec import Meta, Struct, field

from hwaja.protocol.audio import FLOOR_DBFS

Default = TypeVar("Default")

RESUME = "resume"
"""What a client asks for with its address or a subprotocol, not with a message."""


HELLO = "hello"
"""Another such request."""


def numeric(decimals: int | None = None, **bounds: float) -> Meta:
    """State how the server writes a number.

    Args:
        decimals: how many are kept; None: all.
        bounds: keywords of JSON Schema.

    """
    return Meta(extra_json_schema=bounds, extra={"decimals": decimals})


def always(value: Default) -> Default:
    """Return a default that is written all the same; msgspec leaves out a plain one."""
    return field(default_factory=lambda: value)


def one_of(*values: str) -> Meta:
    """State which members of an enum the server sends."""
    return Meta(extra_json_schema={"enum": list(values)})


def written_as(kind: str) -> Meta:
    """State as what an inlined part itself is written: a type of JSON Schema."""
    return Meta(extra_json_schema={"type": kind})


def asked_by(*requests: str) -> Meta:
    """State the requests of a client that bring a field beyond the specification; any one does."""
    return Meta(extra_json_schema={"x-hwaja-asked-by": list(requests)})


Count = Annotated[int, numeric(minimum=0)]
Seconds = Annotated[float, numeric(3, minimum=0)]
Share = Annotated[float, numeric(4, minimum=0, maximum=1)]
Cosine = Annotated[float, numeric(4, minimum=-1, maximum=1)]
Level = Annotated[float, numeric(1, minimum=FLOOR_DBFS, maximum=0)]

Timestamp = Annotated[
    str,
    Meta(
        extra_json_schema={
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        }
    ),
]

Printable = Annotated[str, Meta(extra_json_schema={"format": "printable"})]
"""A string without control characters and halves of surrogate pairs. `parse` checks it."""


class Inlined(Struct, frozen=True, omit_defaults=True):
    """A part of a message. Its fields stand in the message itself, behind the message's own."""

    ASKED_BY: ClassVar[tuple[str, ...]] = ()
    """Of a part of the server beyond the specification: any of these brings it."""
