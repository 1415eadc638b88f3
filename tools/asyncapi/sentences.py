"""Extracts the docstrings of classes and their fields for readers without Python knowledge."""

import ast
import inspect
import re
import textwrap
from enum import EnumType
from itertools import pairwise
from typing import Any, get_args

_OF_PYTHON_ALONE = re.compile(r"\s*\bNone: [^.]*\.")
"""A sentence on the meaning of Python's None; on the wire, the field is absent."""


def of_message(kind: type) -> tuple[str, str]:
    """Return a message's first sentence, and the rest of its description."""
    first, _, more = (inspect.getdoc(kind) or "").partition("\n\n")
    return " ".join(first.split()), " ".join(more.split())


def of_class(kind: type) -> str:
    """Return the docstring of a class that is part of a message."""
    return " ".join((inspect.getdoc(kind) or "").split())


def of_fields(kind: type) -> dict[str, str]:
    """Return the docstrings of a struct's fields or of an enum's members, by name."""
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


def of_members(hint: Any) -> str:
    """Return the meanings of an enum's members as a sentence to append; empty for other types."""
    enums = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, EnumType)]
    parts = [
        f"`{kind[name].value}`: {_within(text)}"
        for kind in enums
        for name, text in of_fields(kind).items()
    ]
    return f" {'; '.join(parts)}." if parts else ""


def _within(text: str) -> str:
    """Return a sentence in the form that it has within another sentence."""
    return text[0].lower() + text[1:].removesuffix(".")


def _assigned(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None
