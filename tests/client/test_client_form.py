"""The client tells a message of the protocol from one that it could not rely on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from server_messages import messages

from hwaja.client.form import follows_protocol
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import ServerMessage

SAID = {
    "type": "transcription",
    "speaker_id": 0,
    "text": "네",
    "timestamp": "2025-08-21T05:30:15.123Z",
    "confidence": -25.5,
    "segment_id": 3,
    "start_seconds": 0.4,
    "end_seconds": 1,
    "label": "sure",
    "words": [{"text": "네", "start_seconds": 0.4, "end_seconds": 1, "text_confidence": 0.9}],
}


def extended(value: Any) -> Any:
    """What a later server may send: one more field in each object."""
    if isinstance(value, dict):
        return {key: extended(each) for key, each in value.items()} | {"added": [1]}
    return [extended(each) for each in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(messages)
def test_every_message_of_the_server_follows_the_protocol(message: ServerMessage) -> None:
    for details in (False, True):
        fields = json.loads(serialize(message, details=details, number=7))
        assert follows_protocol(fields)
        assert follows_protocol(extended(fields))


def test_types_and_values_of_a_later_server_are_no_fault() -> None:
    assert follows_protocol({"type": "later", "segment_id": "?", "message": 7})
    assert follows_protocol(SAID | {"label": "later"})
    assert follows_protocol({"type": "error", "code": "LATER", "reason": "later"})


def wrong_fields() -> Iterator[dict[str, Any]]:
    wrong: tuple[Any, ...] = (None, True, "x", [], {}, float("nan"), 1e308, 10**400)
    for name in ("speaker_id", "confidence", "segment_id", "start_seconds", "end_seconds"):
        yield from ({name: value} for value in wrong)
    for name in ("text", "timestamp", "label"):
        yield from ({name: value} for value in wrong if value != "x")
    for timestamp in ("soon", "2025-08-21T05:30:15", "0001-01-01T00:00:00Z"):
        yield {"timestamp": timestamp}
    yield from ({"words": words} for words in (5, "ab", [5], [{"text": "네"}], [{"text": 1}]))
    yield from ({"number": number} for number in ("1", 1.5, True, 10**30))


@pytest.mark.parametrize("fields", list(wrong_fields()), ids=lambda fields: str(fields)[:40])
def test_a_message_with_a_field_of_another_type_breaks_the_protocol(
    fields: dict[str, Any],
) -> None:
    assert follows_protocol(SAID)
    assert not follows_protocol(SAID | fields)


@pytest.mark.parametrize("name", ["speaker_id", "text", "timestamp", "confidence"])
def test_a_message_without_a_field_that_it_always_has_breaks_the_protocol(name: str) -> None:
    assert not follows_protocol({key: value for key, value in SAID.items() if key != name})
