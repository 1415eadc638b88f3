"""docs/asyncapi.yaml compared with the parser: both accept the same messages."""

import json
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from documented import CLIENT, DOCUMENT, MESSAGES, faults
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from schema_values import allowed_by

from hwaja.protocol.client_messages import ClientMessage, InvalidMessageError
from hwaja.protocol.parse import MAX_TEXT_CHARS, parse
from hwaja.protocol.values import MAX_TICKET_CHARS, MOST_SPEAKERS


@settings(deadline=None)
@given(st.one_of(*(allowed_by(MESSAGES[kind]["payload"], DOCUMENT) for kind in CLIENT)))
def test_every_message_that_the_document_allows_is_parsed(payload: dict[str, Any]) -> None:
    assert faults(payload) == []
    text = json.dumps(payload, ensure_ascii=False)
    assume(len(text) <= MAX_TEXT_CHARS)
    parse(text, MOST_SPEAKERS)


def is_read(payload: Any) -> bool:
    try:
        parse(json.dumps(payload), MOST_SPEAKERS)
    except InvalidMessageError:
        return False
    return True


ODDITIES = (None, True, False, 0, 1, -1, 0.5, "", "true", [], {})
PHRASES = ("가", "가 나", "가" * 50, "가" * 51, "", " ", "나\x00", "\ud800")
BOOSTS = (0, 0.1, 10, 10.5, -1, True, False, "2", 10**400)
HOTWORDS = (
    *PHRASES,
    *({"text": text} for text in (*PHRASES, *ODDITIES)),
    *({"text": "가", "boost": boost} for boost in BOOSTS),
    {"boost": 1},
    {"text": "가", "newer": 1},
    *ODDITIES,
)
EDGES: dict[str, Sequence[Any]] = {
    "speaker_id": (*ODDITIES, *range(-2, MOST_SPEAKERS + 2), 10**400),
    "details": ODDITIES,
    "quality": ODDITIES,
    "add": ODDITIES,
    # `true` in an enrolment, and the ticket itself in a restoration.
    "ticket": (*ODDITIES, "A", "A" * MAX_TICKET_CHARS, "A" * (MAX_TICKET_CHARS + 1)),
    "interim_results": ODDITIES,
    "speaker_updates": ODDITIES,
    "adapt": ODDITIES,
    "answered_samples": ODDITIES,
    "tickets": ODDITIES,
    "speakers": ("enrolled", "discover", "separate", *ODDITIES),
    "strangers": ("nearest", "separate", "discover", *ODDITIES),
    "max_speakers": (*range(-1, MOST_SPEAKERS + 2), 10**400, *ODDITIES[1:]),
    # None is taken for no language and no limit, which the document need not tell.
    "language": ("ko", "auto", "k\x00", "\ud800", *ODDITIES[1:]),
    "hotwords": (
        *ODDITIES,
        *([hotword] for hotword in HOTWORDS),
        *(["가"] * count for count in (99, 100, 101)),
    ),
    "name": (*PHRASES, *ODDITIES),
    "audio": (
        {},
        *({"encoding": encoding} for encoding in ("pcm16", "opus", "flac", 7, None)),
        *({"encoding": "opus", "sample_rate": rate} for rate in (7999, 8000, 48000, 48001, 8e3)),
        *({"channels": channels} for channels in (0, 1, 2, 3, True)),
        *ODDITIES,
    ),
    "events": (["lag"], ["lag", "speech_started"], ["newer"], [7], *ODDITIES),
    # None is taken for no key, and for no id.
    "key": ("a" * 31, "aZ09-_" * 5 + "aZ", "a" * 33, "a" * 31 + "\n", "가" * 32, *ODDITIES[1:]),
    "end": ODDITIES,
    "request_id": ("x" * 64, "x" * 65, "\n", "\ud800", 2**53, 2**53 + 1, *ODDITIES[1:]),
    "newer": ODDITIES,
}
"""Of each field, values at the edges of what is allowed, within and without."""


def test_the_limits_of_every_field_are_tested() -> None:
    assert {
        type(parse(json.dumps(MESSAGES[kind]["examples"][-1]["payload"]))) for kind in CLIENT
    } == (set(get_args(ClientMessage)))
    fields = {field for kind in CLIENT for field in MESSAGES[kind]["payload"]["properties"]}
    assert fields == set(EDGES) - {"newer"} | {"type"}


@pytest.mark.parametrize("field", EDGES)
@pytest.mark.parametrize("kind", CLIENT)
def test_a_message_is_parsed_exactly_if_the_document_allows_it(kind: str, field: str) -> None:
    whole = MESSAGES[kind]["examples"][0]["payload"]
    for value in EDGES[field]:
        payload = {**whole, field: value}
        assert (not faults(payload)) == is_read(payload), repr(value)


@pytest.mark.parametrize("kind", [*CLIENT, "transcription", "start", ""])
def test_a_message_without_a_required_field_or_of_another_type_is_refused(kind: str) -> None:
    assert (kind in CLIENT and not faults({"type": kind})) == is_read({"type": kind})
