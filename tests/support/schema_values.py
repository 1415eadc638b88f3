"""Values that a JSON Schema allows, for the keywords that messages of the client use."""

from functools import reduce
from operator import getitem
from typing import Any

from hypothesis import strategies as st

_NOTED = {"description", "components", "x-hwaja-beyond", "x-hwaja-asked-by"}
"""Keywords that allow and forbid nothing."""

_extra_keys = st.text(max_size=5).map("x-".__add__)
_anything = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


def allowed_by(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Strategy for what a schema allows.

    Args:
        schema: the schema, or one within it.
        root: what references lead into.

    Raises:
        ValueError: for a keyword that is not known here, and so could be overlooked.

    """
    rules = {key: value for key, value in schema.items() if key not in _NOTED}
    match rules:
        case {"$ref": str(place), **rest} if not rest:
            steps = place.removeprefix("#/").split("/")
            return allowed_by(reduce(getitem, steps, root), root)
        # Of "allOf" there is only one: a reference beside a description.
        case {"anyOf": list(choices), **rest} | {"allOf": [*choices], **rest} if not rest:
            return st.one_of(*(allowed_by(choice, root) for choice in choices))
        case {"type": "string", **rest} if rest.keys() in ({"const"}, {"enum"}):
            return st.sampled_from(rest.get("enum") or [rest["const"]])
        case {"type": "object", "required": required, "properties": fields, **rest} if not rest:
            return _objects(required, {key: allowed_by(fields[key], root) for key in fields})
        case {"type": "array", "items": items, **rest} if not rest.keys() - {"maxItems"}:
            return st.lists(allowed_by(items, root), max_size=rest.get("maxItems"))
        case {"type": "boolean", **rest} if not rest:
            return st.booleans()
        case {"type": "integer", "minimum": least, "maximum": most, **rest} if not rest:
            return st.integers(least, most)
        case {"type": "number", "exclusiveMinimum": least, "maximum": most, **rest} if not rest:
            return st.floats(least, most, exclude_min=True) | st.integers(int(least) + 1, int(most))
        case {"type": "string", **rest} if "format" in rest or "maxLength" in rest:
            return _text(**rest)
    raise ValueError(f"{sorted(rules)} are more than this knows")


def _objects(
    required: list[str], values: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Any]:
    needed = {key: values[key] for key in required}
    optional = {key: value for key, value in values.items() if key not in required}
    known = st.fixed_dictionaries(needed, optional=optional)
    unknown = st.dictionaries(_extra_keys, _anything, max_size=2)
    return st.builds(lambda extra, own: extra | own, unknown, known)


def _text(
    maxLength: int = 60,  # noqa: N803
    format: str = "",  # noqa: A002
    pattern: str = "",
) -> st.SearchStrategy[str]:
    assert format in ("", "printable")
    if pattern.startswith("^"):
        return st.from_regex(pattern, fullmatch=True)
    assert pattern in ("", r"\S")
    texts = st.text(max_size=maxLength)
    texts = texts.filter(str.isprintable) if format else texts
    return texts.filter(str.strip) if pattern else texts
