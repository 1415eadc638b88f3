"""docs/asyncapi.yaml compared with the server's messages and with the examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from documented import MESSAGES, strict_faults
from hypothesis import given, settings
from hypothesis import strategies as st
from server_messages import messages
from tools.asyncapi import page

from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import PassingMessage, ServerMessage


@settings(deadline=None)
@given(messages, st.booleans(), st.none() | st.integers(1, 10**6))
def test_every_message_of_the_server_is_described(
    message: ServerMessage, with_details: bool, number: int | None
) -> None:
    """Every key of the message is described."""
    passes = isinstance(message, PassingMessage)
    text = serialize(message, details=with_details, number=None if passes else number)
    payload = json.loads(text)
    assert strict_faults(payload) == []


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_example_matches_its_schema(kind: str) -> None:
    for example in MESSAGES[kind]["examples"]:
        assert strict_faults(example["payload"]) == []


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_field_is_required_exactly_if_every_example_has_it(kind: str) -> None:
    payloads = [example["payload"] for example in MESSAGES[kind]["examples"]]
    in_all = set.intersection(*map(set, payloads))
    assert set(MESSAGES[kind]["payload"]["required"]) == in_all
    assert set(MESSAGES[kind]["payload"]["properties"]) == set().union(*payloads)


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_first_example_has_only_fields_of_the_specification(kind: str) -> None:
    if MESSAGES[kind].get("x-hwaja-beyond"):
        return
    first = MESSAGES[kind]["examples"][0]["payload"]
    fields = MESSAGES[kind]["payload"]["properties"]
    assert [name for name in first if fields[name].get("x-hwaja-beyond")] == []
    left_out = set(fields) - set(first) - {"speaker_id"}
    assert all(fields[name]["x-hwaja-beyond"] for name in left_out)


def json_blocks() -> Iterator[Any]:
    """The JSON on the page, of which the one that is part of a message is not shown alone."""
    text = page.FILE.read_text(encoding="utf-8")
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        rest = block.strip() if block.startswith("{") else f"{{{block}}}"
        while rest:
            payload, end = json.JSONDecoder().raw_decode(rest)
            yield payload
            rest = rest[end:].strip()


@pytest.mark.parametrize(
    "payload", list(json_blocks()), ids=lambda payload: payload.get("type", "part")
)
def test_every_example_on_the_page_matches_the_document(payload: Any) -> None:
    if "type" in payload:
        assert strict_faults(payload) == []
    else:
        whole = {"type": "error", "code": "INVALID_MESSAGE", "message": "", **payload}
        assert strict_faults(whole) == []
