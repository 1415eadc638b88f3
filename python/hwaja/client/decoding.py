"""Decodes the server's JSON into structs; the inverse of `hwaja.protocol.serialize`.

It ignores additions of a later server: message types, fields, reasons and labels.
"""

from typing import Any, TypeVar, get_args

from msgspec import Struct

from hwaja.client.client_events import ClientEvent, Failure
from hwaja.client.errors import FormError, Message
from hwaja.protocol.codes import Reason
from hwaja.protocol.fields import by_tag, from_fields
from hwaja.protocol.server_messages import LimitWarning, RegistrationCompleted
from hwaja.protocol.values import Event, Hello

Kind = TypeVar("Kind", bound=Struct)

_KINDS: dict[Any, type[ClientEvent]] = by_tag(get_args(ClientEvent))

_REASONS: dict[Any, Reason] = {reason.value: reason for reason in Reason}


def read(message: Message) -> ClientEvent | None:
    """Decode a message; None if its type is not an event for the caller.

    Raises:
        FormError: if the message does not follow the protocol.

    """
    kind = _KINDS.get(message["type"])
    if kind in (Failure, LimitWarning):
        message = _with_known_reason(message)
        if kind is LimitWarning and message["reason"] is None:
            return None
    return None if kind is None else _made(kind, message)


def read_enrolled(message: Message) -> RegistrationCompleted:
    """Decode a `speaker_registration_completed`.

    Raises:
        FormError: as `read`.

    """
    if "quality" in message:
        warnings = [_with_known_reason(each) for each in message["quality"].get("warnings", ())]
        message = {**message, "quality": {**message["quality"], "warnings": warnings}}
    return _made(RegistrationCompleted, message)


def read_hello(message: Message) -> Hello | None:
    """Decode what a `model_loaded` tells of the server; None if it tells nothing of it.

    Raises:
        FormError: as `read`.

    """
    if "abilities" not in message:
        return None
    abilities = message["abilities"]
    events = [each for each in abilities.get("events", ()) if each in set(Event)]
    return _made(Hello, {**message, "abilities": {**abilities, "events": events}})


def _made(kind: type[Kind], fields: Message) -> Kind:
    try:
        return from_fields(kind, fields)
    except ValueError:
        raise FormError from None


def _with_known_reason(fields: Message) -> Message:
    """Return a copy of the fields, with `reason` None if this client does not know it."""
    return {**fields, "reason": _REASONS.get(fields.get("reason"))}
