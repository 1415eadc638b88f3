"""docs/asyncapi.yaml against what the server reads: what is valid, and only that."""

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from documented import DOCUMENT, MESSAGES, faults
from hwaja.messages import MOST_SPEAKERS, InvalidMessageError
from hwaja.parse import MAX_TEXT_CHARS, parse
from schema_values import allowed_by

CLIENT = (
    "start_speaker_registration",
    "complete_speaker_registration",
    "start_transcription",
    "stop_transcription",
)


@given(st.one_of(*(allowed_by(MESSAGES[kind]["payload"], DOCUMENT) for kind in CLIENT)))
def test_everything_that_the_document_allows_is_read(payload: dict[str, Any]) -> None:
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


oddities = st.none() | st.integers(-2, 11) | st.floats(-2, 11) | st.booleans() | st.just("true")
phrases = st.sampled_from(["가", "가" * 50, "가" * 51, "", " ", "나\x00", "가 나", "\ud800"])
boosts = st.sampled_from([0, 0.1, 1.5, 10, 10.5, -1, True, "2", 10**400])
objects = st.fixed_dictionaries({}, optional={"text": phrases, "boost": boosts, "newer": oddities})
hotwords = phrases | objects | oddities
lists = st.lists(hotwords, max_size=3) | st.integers(99, 102).map(lambda count: ["가"] * count)
flags = st.booleans() | oddities
nearly = st.fixed_dictionaries(
    {"type": st.sampled_from([*CLIENT, "transcription", "start"])},
    optional={
        "speaker_id": st.integers(-1, MOST_SPEAKERS) | oddities,
        "details": flags,
        "quality": flags,
        "add": flags,
        "interim_results": flags,
        "speaker_updates": flags,
        "adapt": flags,
        "language": st.sampled_from(["ko", "auto", "", "k\x00", "\ud800", 5, True, ["ko"]]),
        "hotwords": lists | oddities,
        "newer": oddities,
    },
)
"""Messages that have every kind of fault, or none."""


@given(nearly)
def test_what_is_not_read_is_not_allowed_and_the_other_way_round(payload: dict[str, Any]) -> None:
    is_allowed = payload["type"] in CLIENT and not faults(payload)
    assert is_allowed == is_read(payload)
