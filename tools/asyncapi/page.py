"""Writes a protocol page's tables between `<!-- made: NAME -->` and `<!-- /made -->`."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from tools.asyncapi import catalogue, prose
from tools.asyncapi.catalogue import PARTS, Field, Message, Schema, reference
from tools.asyncapi.document import ROOT

FILE = ROOT / "docs" / "protocol.md"

Say = Callable[[str], str]
"""Translates an English sentence into the language of the page."""

_SECTION = re.compile(r"(<!-- made: (?P<name>.+?) -->\n).*?(<!-- /made -->)", re.DOTALL)

_OF_ALL = {"type", "message", "request_id", "number"}
"""Fields that all messages share; the page describes them once."""

_MOST_VALUES = 5
"""The values of a longer enum are not listed."""

_MAX_SHOWN_BOUND = 1_000_000
"""Bounds beyond this come from JSON, not from the protocol."""


def filled(page: str, say: Say = str) -> str:
    """Return a page with its sections generated again.

    Raises:
        KeyError: for an unknown section.

    """
    sections = _sections(say)
    return _SECTION.sub(lambda found: found[1] + sections[found["name"]] + found[3], page)


def _sections(say: Say) -> dict[str, str]:
    client = catalogue.client_messages()
    messages = (*client, *catalogue.server_messages())
    tables = {message.type: _of_fields(message.fields, say) for message in messages}
    parts = {kind.__name__: _of_fields(catalogue.part(kind), say) for kind in PARTS}
    codes = [(code, say(when)) for code, when in prose.close_codes().items()]
    return (
        tables
        | parts
        | {
            "messages of the client": _overview(client, say),
            "close codes": _table((say("code"), say("when")), codes),
        }
    )


def _overview(messages: Sequence[Message], say: Say) -> str:
    rows = []
    for message in messages:
        beyond = f"**{say('Beyond.')}** " if message.beyond else ""
        said = say(f"{message.sentence} {message.more}".rstrip())
        rows.append((f"`{message.type}`", _names(message.fields, say), beyond + said))
    return _table((say("type"), say("fields"), ""), rows)


def _names(fields: Sequence[Field], say: Say) -> str:
    own = [field for field in fields if field.name not in _OF_ALL]
    specified = ", ".join(f"`{field.name}`" for field in own if not field.beyond)
    beyond = ", ".join(f"`{field.name}`" for field in own if field.beyond)
    return "; ".join(filter(None, (specified, beyond and f"**{say('beyond')}:** {beyond}")))


def _of_fields(fields: Sequence[Field], say: Say) -> str:
    told = [field for field in fields if field.name not in _OF_ALL]
    rows = [row for field in told for row in _rows(field, say)]
    return _table((say("field"), say("type"), ""), rows)


def _rows(field: Field, say: Say) -> Iterator[tuple[str, str, str]]:
    """Yield a field's row, and the rows of its items' fields."""
    yield f"`{field.name}`", say(_kind_of(field)), _condition(field, say) + say(field.sentence)
    items = field.schema.get("items", {})
    for kind in PARTS:
        if reference(kind) in (items, *items.get("anyOf", ())):
            for inner in catalogue.part(kind):
                yield f"`{field.name}[].{inner.name}`", say(_kind_of(inner)), say(inner.sentence)


def _condition(field: Field, say: Say) -> str:
    if not field.beyond:
        return ""
    *others, last = field.asked_by or (say("beyond"),)
    return f"**{', '.join(others)} {say('or')} {last}:** " if others else f"**{last}:** "


def _kind_of(field: Field) -> str:
    """Return a field's type in words, without values that its sentence already explains."""
    values = [f"`{value}`" for value in field.schema.get("enum", ())]
    is_told = all(f"{value}:" in field.sentence for value in values)
    return _kind(field.schema) if is_told or len(values) > _MOST_VALUES else ", ".join(values)


def _kind(schema: Schema) -> str:
    """Return a schema's allowed values in words."""
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
    if least is None or abs(least) > _MAX_SHOWN_BOUND:
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
