"""Validates messages against docs/asyncapi.yaml."""

from typing import Any

import yaml
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend
from tools.asyncapi import document

DOCUMENT = yaml.safe_load(document.FILE.read_text(encoding="utf-8"))
MESSAGES = {
    name: message for name, message in DOCUMENT["components"]["messages"].items() if name != "audio"
}
"""Those that are JSON."""
CLIENT = tuple(name for name in MESSAGES if f"receive_{name}" in DOCUMENT["operations"])
"""Those that the server receives."""

_FORMATS = FormatChecker(formats=[])
_FORMATS.checks("printable")(lambda value: not isinstance(value, str) or value.isprintable())

# The document says that 1.0 is no integer, which JSON Schema leaves to whoever reads it.
_Validator = extend(
    Draft7Validator,
    type_checker=Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    ),
)


def faults(payload: dict[str, Any]) -> list[str]:
    """What the document has against a message; keys that it does not know are allowed."""
    return _faults(DOCUMENT["components"], payload)


def strict_faults(payload: dict[str, Any]) -> list[str]:
    """The same of the server's own messages, in which every key is described."""
    return _faults(_CLOSED, payload)


def _faults(components: dict[str, Any], payload: dict[str, Any]) -> list[str]:
    message = components["messages"].get(payload["type"])
    if message is None:
        return ["no such message"]
    schema = {**message["payload"], "components": {"schemas": components["schemas"]}}
    found = _Validator(schema, format_checker=_FORMATS).iter_errors(payload)
    return [f"{fault.json_path}: {fault.message}" for fault in found]


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(value) for key, value in schema.items()}
    return inner | ({"additionalProperties": False} if schema.get("type") == "object" else {})


_CLOSED = _closed(DOCUMENT["components"])
