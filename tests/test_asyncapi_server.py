"""docs/asyncapi.yaml against what the server writes, and against the examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.asyncapi import page

from documented import MESSAGES, strict_faults
from hwaja.attribution.parts import Label
from hwaja.codes import ErrorCode, Reason
from hwaja.messages import (
    MOST_SPEAKERS,
    AudioReceived,
    Details,
    Error,
    Interim,
    LimitWarning,
    ModelLoaded,
    Place,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SpeakerShare,
    SpeakerUpdate,
    Summary,
    Transcription,
    TranscriptionStarted,
    TranscriptionStopped,
)
from hwaja.parse import MAX_TOLD_ID
from hwaja.quality import ADVICE, Quality
from hwaja.recognition import Token
from hwaja.serialize import serialize
from hwaja.texts import AHEAD

ids = st.integers(0, MOST_SPEAKERS - 1)
counts = st.integers(0, 10**9)
seconds = st.floats(0, 10**6)
cosines = st.floats(-1, 1)
shares = st.floats(0, 1)
levels = st.floats(-120, 0)
codes = st.sampled_from(["ko", "en"])
stamps = st.just("2025-08-21T05:30:15.123Z")
states = st.sampled_from(["ready", "enrolling", "verifying", "transcribing", "draining"])
refusals = st.sampled_from([reason for reason in Reason if reason not in ADVICE])

qualities = st.builds(
    Quality,
    speech_seconds=seconds,
    takes=st.integers(1, 100),
    level_dbfs=levels,
    snr_db=st.floats(-50, 120),
    clipped_share=shares,
    agreement=cosines,
    other_similarity=st.none() | cosines,
    takes_similarity=st.none() | cosines,
)
tokens = st.builds(Token, text=st.text(), start_seconds=seconds)
details = st.builds(
    Details,
    start_seconds=seconds,
    end_seconds=seconds,
    label=st.sampled_from(Label),
    probability=shares,
    scores=st.lists(cosines, max_size=MOST_SPEAKERS).map(tuple),
    margin=st.none() | st.floats(0, 10),
    overlap_seconds=seconds,
    tokens=st.lists(tokens, max_size=3).map(tuple),
    language=st.none() | codes,
)
places = st.builds(Place, states, st.lists(ids, unique=True).map(tuple), counts)
speakers = st.builds(SpeakerShare, ids, counts, seconds)
summaries = st.builds(Summary, counts, counts, seconds, st.lists(speakers, max_size=3).map(tuple))
told_ids = st.none() | st.integers(-MAX_TOLD_ID, MAX_TOLD_ID)

messages: st.SearchStrategy[ServerMessage] = st.one_of(
    st.builds(ModelLoaded, st.none()),
    st.builds(ModelLoaded, st.text(), st.none() | places),
    st.builds(RegistrationStarted, ids),
    st.builds(RegistrationCompleted, ids, st.none() | qualities),
    st.builds(TranscriptionStarted),
    st.builds(
        Transcription,
        ids,
        st.text(min_size=1),
        stamps,
        levels,
        st.none() | counts,
        st.none() | details,
    ),
    st.builds(Interim, counts, st.text(), counts),
    st.builds(SpeakerUpdate, counts, ids),
    st.builds(TranscriptionStopped, summaries),
    st.builds(AudioReceived, counts),
    st.builds(LimitWarning, st.sampled_from(list(AHEAD)), counts),
    st.builds(
        Error,
        st.sampled_from(ErrorCode),
        refusals,
        told_ids,
        st.none() | qualities,
        st.none() | counts,
    ),
)
"""Everything that the server can say."""


@settings(deadline=None)
@given(messages, st.booleans(), st.none() | st.integers(1, 10**6))
def test_every_message_that_is_written_is_described(
    message: ServerMessage, with_details: bool, number: int | None
) -> None:
    """With all its keys, and none that the document does not know."""
    is_passing = isinstance(message, ModelLoaded | Interim | AudioReceived)
    text = serialize(message, details=with_details, number=None if is_passing else number)
    payload = json.loads(text)
    assert strict_faults(payload) == []


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_example_of_the_document_is_as_it_says(kind: str) -> None:
    for example in MESSAGES[kind]["examples"]:
        assert strict_faults(example["payload"]) == []


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_field_is_required_where_every_example_has_it(kind: str) -> None:
    payloads = [example["payload"] for example in MESSAGES[kind]["examples"]]
    in_all = set.intersection(*map(set, payloads))
    assert set(MESSAGES[kind]["payload"]["required"]) == in_all
    assert set(MESSAGES[kind]["payload"]["properties"]) == set().union(*payloads)


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_first_example_has_nothing_beyond_the_specification(kind: str) -> None:
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
def test_every_example_on_the_page_is_as_the_document_says(payload: Any) -> None:
    if "type" in payload:
        assert strict_faults(payload) == []
    else:
        whole = {"type": "error", "code": "INVALID_MESSAGE", "message": "", **payload}
        assert strict_faults(whole) == []
