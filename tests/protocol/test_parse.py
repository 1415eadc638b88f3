"""The messages of the client: valid ones, and the documented error of the others."""

import json
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol import texts
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    InvalidMessageError,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.parse import MAX_TEXT_CHARS, parse
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import Error

PRIVATE = "주민번호-900101"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"type": "start_speaker_registration", "speaker_id": 0}',
            StartRegistration(0, details=False),
        ),
        (
            '{"type": "start_speaker_registration", "speaker_id": 1, "details": true}',
            StartRegistration(1, details=True),
        ),
        (
            '{"type": "start_speaker_registration", "speaker_id": 1, "quality": true, "add": true}',
            StartRegistration(1, quality=True, add=True),
        ),
        ('{"type": "complete_speaker_registration", "speaker_id": 0}', CompleteRegistration(0)),
        ('{"type": "start_transcription"}', StartTranscription(details=False)),
        ('{"type": "start_transcription", "details": true}', StartTranscription(details=True)),
        ('{"type": "stop_transcription"}', StopTranscription()),
        ('{"type": "start_transcription", "newer": [1, {}]}', StartTranscription()),
    ],
)
def test_a_known_message_is_parsed_and_its_unknown_keys_are_ignored(
    text: str, message: object
) -> None:
    assert parse(text) == message


def refusal(text: str) -> InvalidMessageError:
    with pytest.raises(InvalidMessageError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ('{"type": "start_speaker_registration", "speaker_id": 9, "details": true}', True),
        ('{"type": "start_speaker_registration", "details": true, "quality": 1}', True),
        ('{"type": "start_transcription", "hotwords": 7, "details": true}', True),
        ('{"type": "start_transcription", "hotwords": 7}', False),
        ('{"type": "start_transcription", "details": 1}', False),
        ('{"type": "start_speaker_registration", "speaker_id": 9, "details": false}', False),
        ('["details"]', False),
    ],
)
def test_a_refused_message_reports_whether_it_asks_for_details(text: str, wants: bool) -> None:
    assert refusal(text).wants_details is wants


@pytest.fixture
def recursion_limit() -> Iterator[None]:
    """Python's own, as a server has it: Hypothesis may leave a higher one behind."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


DEEP = "[" * (MAX_TEXT_CHARS // 2) + "]" * (MAX_TEXT_CHARS // 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.NOT_JSON),
        (PRIVATE, Reason.NOT_JSON),
        (f'{{"type": "{PRIVATE}"', Reason.NOT_JSON),
        (f'["{PRIVATE}"]', Reason.NOT_JSON),
        (f'"{PRIVATE}"', Reason.NOT_JSON),
        ("null", Reason.NOT_JSON),
        ("NaN", Reason.NOT_JSON),
        ("12", Reason.NOT_JSON),
        (DEEP, Reason.NOT_JSON),
        ('{"type": ' + DEEP[1:-1] + "}", Reason.MESSAGE_TOO_LONG),
        ('{"a": ' + DEEP[8:-8] + "}", Reason.NOT_JSON),
        ("9" * 5000, Reason.NOT_JSON),
        ('{"type": "start_transcription", "x": ' + "9" * 5000 + "}", Reason.NOT_JSON),
        (" " * (MAX_TEXT_CHARS + 1), Reason.MESSAGE_TOO_LONG),
        ("{}", Reason.UNKNOWN_TYPE),
        (f'{{"type": "{PRIVATE}"}}', Reason.UNKNOWN_TYPE),
        ('{"type": null}', Reason.UNKNOWN_TYPE),
        ('{"type": ["start_transcription"]}', Reason.UNKNOWN_TYPE),
        ('{"type": "START_TRANSCRIPTION"}', Reason.UNKNOWN_TYPE),
        ('{"type": "transcription"}', Reason.UNKNOWN_TYPE),
    ],
)
@pytest.mark.usefixtures("recursion_limit")
def test_a_message_that_cannot_be_parsed_gets_the_general_error(text: str, reason: Reason) -> None:
    error = refusal(text)
    assert (error.code, error.reason, error.speaker_id) == (
        ErrorCode.INVALID_MESSAGE,
        reason,
        None,
    )


def test_the_longest_accepted_message_has_exactly_the_limit() -> None:
    text = '{"type": "stop_transcription"}'
    assert parse(text.ljust(MAX_TEXT_CHARS)) == StopTranscription()
    assert refusal(text.ljust(MAX_TEXT_CHARS + 1)).reason is Reason.MESSAGE_TOO_LONG


@pytest.mark.parametrize("kind", ["start_speaker_registration", "complete_speaker_registration"])
@pytest.mark.parametrize("value", ["true", "false", "1.0", "0.0", '"0"', "null", "[0]", "{}", None])
def test_a_speaker_id_that_is_no_integer_fails_the_registration(
    kind: str, value: str | None
) -> None:
    tail = "" if value is None else f', "speaker_id": {value}'
    error = refusal(f'{{"type": "{kind}"{tail}}}')
    assert (error.code, error.reason, error.speaker_id) == (
        ErrorCode.SPEAKER_REGISTRATION_FAILED,
        Reason.BAD_FIELD,
        None,
    )


@pytest.mark.parametrize("kind", ["start_speaker_registration", "complete_speaker_registration"])
@pytest.mark.parametrize("value", [2, -1, 10**18, 10**4000])
def test_a_speaker_that_does_not_exist_fails_the_registration(kind: str, value: int) -> None:
    error = refusal(f'{{"type": "{kind}", "speaker_id": {value}}}')
    assert error.code is ErrorCode.SPEAKER_REGISTRATION_FAILED
    assert error.reason is Reason.UNKNOWN_SPEAKER
    serialize(Error(error.code, error.reason, error.speaker_id))  # can be answered
    assert str(value) not in str(error)


@pytest.mark.parametrize(
    ("kind", "code", "speaker_id"),
    [
        ("start_speaker_registration", ErrorCode.SPEAKER_REGISTRATION_FAILED, 1),
        ("start_transcription", ErrorCode.TRANSCRIPTION_FAILED, None),
    ],
)
@pytest.mark.parametrize("value", ["1", "0", "null", '"true"', "[]"])
def test_details_that_are_no_boolean_fail_the_phase(
    kind: str, code: ErrorCode, speaker_id: int | None, value: str
) -> None:
    error = refusal(f'{{"type": "{kind}", "speaker_id": 1, "details": {value}}}')
    assert (error.code, error.reason, error.speaker_id) == (code, Reason.BAD_FIELD, speaker_id)


@pytest.mark.parametrize(
    "text",
    [
        f"{PRIVATE}",
        f'["{PRIVATE}"]',
        f'{{"type": "{PRIVATE}"}}',
        f'{{"type": "start_speaker_registration", "speaker_id": "{PRIVATE}"}}',
        f'{{"type": "start_transcription", "details": "{PRIVATE}"}}',
        PRIVATE * MAX_TEXT_CHARS,
    ],
)
def test_an_error_never_quotes_the_message_of_the_client(text: str) -> None:
    error = refusal(text)
    assert PRIVATE not in str(error)
    assert PRIVATE not in repr(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
kinds = st.sampled_from(
    ["start_speaker_registration", "complete_speaker_registration", "start_transcription"]
)


@given(
    st.text()
    | json_values.map(json.dumps)
    | st.fixed_dictionaries(
        {}, optional={"type": kinds, "speaker_id": json_values, "details": json_values}
    ).map(json.dumps)
)
def test_parsing_any_text_gives_a_message_or_the_documented_error(text: str) -> None:
    try:
        message = parse(text)
    except InvalidMessageError as error:
        assert error.reason in texts.REASONS  # noqa: PT017
        return
    if isinstance(message, StartRegistration | CompleteRegistration):
        assert type(message.speaker_id) is int
        assert message.speaker_id in (0, 1)
