"""The parsing of options of the recogniser beyond the specification."""

import json

import pytest

from hwaja.protocol.client_messages import InvalidMessageError, StartTranscription
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.parse import parse
from hwaja.protocol.values import Hotword, Options, Speakers, Strangers


def started(**fields: object) -> StartTranscription:
    message = parse(json.dumps({"type": "start_transcription", **fields}))
    assert isinstance(message, StartTranscription)
    return message


def test_interims_a_language_and_hotwords_can_be_requested() -> None:
    message = started(
        interim_results=True,
        language="ko",
        hotwords=["상담사", {"text": " 복지  센터 ", "boost": 3}, {"text": "화자"}],
    )
    hotwords = (Hotword("상담사"), Hotword("복지 센터", 3.0), Hotword("화자"))
    assert message == StartTranscription(
        interim_results=True, options=Options(language="ko", hotwords=hotwords)
    )


def test_speakers_can_be_discovered_and_their_number_limited() -> None:
    message = started(speakers="discover", strangers="separate", max_speakers=3)
    assert (message.speakers, message.strangers) == (Speakers.DISCOVER, Strangers.SEPARATE)
    assert message.most_speakers == 3
    assert started(speakers="enrolled", strangers="nearest").most_speakers is None


def test_without_options_the_settings_of_the_server_apply() -> None:
    assert started() == StartTranscription(options=Options(None, ()))
    assert started(language=None, hotwords=[]) == started()


@pytest.mark.parametrize(
    "fields",
    [
        {"interim_results": 1},
        {"speakers": "two"},
        {"speakers": 2},
        {"strangers": True},
        {"strangers": "unknown"},
        {"max_speakers": 0},
        {"max_speakers": 9},
        {"max_speakers": "3"},
        {"max_speakers": True},
        {"language": 5},
        {"language": ["ko"]},
        {"hotwords": "상담사"},
        {"hotwords": None},
        {"hotwords": [""]},
        {"hotwords": ["  "]},
        {"hotwords": ["가" * 51]},
        {"hotwords": [7]},
        {"hotwords": [{}]},
        {"hotwords": [{"text": "가", "boost": "3"}]},
        {"hotwords": [{"text": "가", "boost": True}]},
        {"hotwords": [{"text": "가", "boost": 0}]},
        {"hotwords": [{"text": "가", "boost": 10.5}]},
        {"hotwords": [{"text": "가", "boost": float("nan")}]},
        {"hotwords": [{"text": "가", "boost": float("inf")}]},
        {"hotwords": ["가"] * 101},
    ],
)
def test_an_option_of_the_wrong_form_is_refused_in_the_transcription_phase(
    fields: dict[str, object],
) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        started(**fields)
    assert caught.value.code is ErrorCode.TRANSCRIPTION_FAILED
    assert caught.value.reason is Reason.BAD_FIELD
    assert "가" not in str(caught.value)
