"""What the docstrings of a class and of its fields say, for readers who know no Python."""

import ast
import inspect
import re
import textwrap
from enum import Enum
from itertools import pairwise
from typing import Any

_OF_PYTHON_ALONE = re.compile(r"\s*\bNone: [^.]*\.")
"""A sentence on what Python's None stands for; on the wire the field is absent."""

_NAME = re.compile(r"^`\w+`(?P<beyond> \(beyond the specification\))?: ")
"""What the docstring of a message begins with."""


def of_message(kind: type) -> tuple[str, str, bool]:
    """Return a message's sentence, what else is said of it, and whether it goes beyond.

    Raises:
        ValueError: where its docstring does not begin with its type.

    """
    text = inspect.getdoc(kind) or ""
    name = _NAME.match(text)
    if name is None:
        raise ValueError(f"the docstring of {kind.__name__} does not begin with its type")
    first, _, more = text[name.end() :].partition("\n\n")
    first = " ".join(first.split())
    return first[0].upper() + first[1:], " ".join(more.split()), name["beyond"] is not None


def of_class(kind: type) -> str:
    """Return what a class that is part of a message says of itself."""
    return " ".join((inspect.getdoc(kind) or "").split())


def of_fields(kind: type) -> dict[str, str]:
    """Return the sentences under the fields of a dataclass, or under the members of an enum."""
    body = next(
        node.body
        for node in ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        if isinstance(node, ast.ClassDef)
    )
    found = {}
    for field, below in pairwise(body):
        name = _assigned(field)
        if name and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            text = " ".join(str(below.value.value).split())
            found[name] = _OF_PYTHON_ALONE.sub("", text)
    return found


def of_members(kind: Any) -> str:
    """Return what the members of an enum mean, as a sentence to append; empty for other types."""
    said = of_fields(kind) if inspect.isclass(kind) and issubclass(kind, Enum) else {}
    parts = [f"`{kind[name].value}`: {_within(text)}" for name, text in said.items()]
    return f" {'; '.join(parts)}." if parts else ""


def _within(text: str) -> str:
    """Return a sentence as it stands within another."""
    return text[0].lower() + text[1:].removesuffix(".")


def _assigned(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None
