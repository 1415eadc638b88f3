"""The server's sentences in English."""

import json
import re

import pytest
import recorded

from hwaja.protocol import english, texts
from hwaja.protocol.codes import Reason
from hwaja.protocol.serialize import serialize

HANGUL = re.compile("[가-힣]")


def test_every_reason_and_every_specified_error_has_an_english_sentence_of_its_own() -> None:
    assert set(english.REASONS) == set(Reason) == set(texts.REASONS)
    assert set(english.CODES) == set(texts.SPECIFIED_ERRORS)
    told = [*english.REASONS.values(), *english.CODES.values()]
    assert len(set(told)) == len(told)
    assert not any(map(HANGUL.search, told))


@pytest.mark.parametrize("details", [True, False])
def test_every_message_with_a_sentence_is_told_in_english(details: bool) -> None:
    """Without details, an error has no reason."""
    told = set()
    for message in recorded.messages():
        fields = json.loads(serialize(message, details=details, number=1))
        if "message" in fields:
            assert HANGUL.search(fields["message"])
            told.add(english.in_english(fields))
    assert len(told) > 10
    assert [each for each in told if not re.fullmatch(r"[A-Z][^가-힣]+\.", each)] == []


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ({"type": "error", "code": "NEW", "reason": "too_new", "message": "새 이유"}, "too new."),
        ({"type": "error", "code": "NEW_CODE", "message": "새 오류"}, "NEW_CODE"),
        ({"type": "new_message"}, "new_message"),
        ({"type": "error", "reason": "bad_option", "message": "It is wrong."}, "It is wrong."),
        (
            {"type": "limit_warning", "reason": "idle", "seconds_left": 30, "message": "곧 종료"},
            "The connection ends if nothing is sent for another 30 s.",
        ),
    ],
)
def test_a_message_of_a_later_server_is_told_by_its_names(
    message: dict[str, object], sentence: str
) -> None:
    assert english.in_english(message) == sentence
