"""The tables of docs/protocol.md: what is between `<!-- made: NAME -->` and `<!-- /made -->`."""

import re
from collections.abc import Iterable, Iterator, Sequence

from tools.asyncapi import catalogue, prose
from tools.asyncapi.catalogue import PARTS, Field, Message
from tools.asyncapi.document import ROOT
from tools.asyncapi.json_schema import Schema, reference

FILE = ROOT / "docs" / "protocol.md"

_SECTION = re.compile(r"(<!-- made: (?P<name>.+?) -->\n).*?(<!-- /made -->)", re.DOTALL)

_OF_ALL = {"type", "message", "number"}
"""Fields that are the same in all messages, of which the page tells once."""

_MOST_VALUES = 5
"""Values of a longer enum are not spelt out."""

_UNTOLD = 1_000_000
"""Bounds beyond this are those of JSON, not of the protocol."""


def filled(page: str) -> str:
    """Return a page with its sections made anew.

    Raises:
        KeyError: for a section that nothing is known for.

    """
    sections = _sections()
    return _SECTION.sub(lambda found: found[1] + sections[found["name"]] + found[3], page)


def _sections() -> dict[str, str]:
    client = catalogue.client_messages()
    messages = (*client, *catalogue.server_messages())
    tables = {message.type: _of_fields(message.fields) for message in messages}
    parts = {kind.__name__: _of_fields(catalogue.part(kind)) for kind in PARTS}
    codes = _table(("code", "when"), prose.close_codes().items())
    return tables | parts | {"messages of the client": _overview(client), "close codes": codes}


def _overview(messages: Sequence[Message]) -> str:
    rows = []
    for message in messages:
        beyond = "**Beyond.** " if message.beyond else ""
        said = f"{beyond}{message.sentence} {message.more}".rstrip()
        rows.append((f"`{message.type}`", _names(message.fields), said))
    return _table(("type", "fields", ""), rows)


def _names(fields: Sequence[Field]) -> str:
    own = [field for field in fields if field.name not in _OF_ALL]
    specified = ", ".join(f"`{field.name}`" for field in own if not field.beyond)
    beyond = ", ".join(f"`{field.name}`" for field in own if field.beyond)
    return "; ".join(filter(None, (specified, beyond and f"**beyond:** {beyond}")))


def _of_fields(fields: Sequence[Field]) -> str:
    rows = [row for field in fields if field.name not in _OF_ALL for row in _rows(field)]
    return _table(("field", "type", ""), rows)


def _rows(field: Field) -> Iterator[tuple[str, str, str]]:
    """Yield a field's row, and those of the fields of its items."""
    yield f"`{field.name}`", _kind_of(field), _condition(field) + field.sentence
    items = field.schema.get("items", {})
    for kind in PARTS:
        if reference(kind) in (items, *items.get("anyOf", ())):
            for inner in catalogue.part(kind):
                yield f"`{field.name}[].{inner.name}`", _kind_of(inner), inner.sentence


def _condition(field: Field) -> str:
    if not field.beyond:
        return ""
    *others, last = field.asked_by or ("beyond",)
    return f"**{', '.join(others)} or {last}:** " if others else f"**{last}:** "


def _kind_of(field: Field) -> str:
    """Return in words what a field may be; values that its sentence explains are not repeated."""
    values = [f"`{value}`" for value in field.schema.get("enum", ())]
    is_told = all(f"{value}:" in field.sentence for value in values)
    return _kind(field.schema) if is_told or len(values) > _MOST_VALUES else ", ".join(values)


def _kind(schema: Schema) -> str:
    """Return in words what values a schema allows."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema["type"] == "array":
        most = f" of at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list{most}: {_kind(schema['items'])}"
    return f"{schema['type']}{_limits(schema)}"


def _limits(schema: Schema) -> str:
    if "maxLength" in schema:
        return f" of at most {schema['maxLength']} characters"
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    if least is None or abs(least) > _UNTOLD:
        return ""
    above = "above" if "exclusiveMinimum" in schema else "from"
    most = f" to {schema['maximum']:g}" if "maximum" in schema else ""
    return f" {above} {least:g}{most}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(head), "|" + "---|" * len(head), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in escaped)
