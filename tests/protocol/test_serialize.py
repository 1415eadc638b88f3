"""The encoding of the server's messages, byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol import texts
from hwaja.protocol.codes import AudioFormat, ErrorCode, Reason
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    Error,
    Interim,
    LimitWarning,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SpeakerUpdate,
    Transcription,
    TranscriptionStarted,
    TranscriptionStopped,
)
from hwaja.protocol.values import Details, Label, Place, SpeakerShare, Summary, Token

SPECIFIED: list[tuple[ServerMessage, str]] = [
    (
        ModelLoaded(),
        '{"type": "model_loaded", "message": "STT AI 모델 로드 완료! 화자 등록을 시작하세요."}',
    ),
    (
        RegistrationStarted(0),
        '{"type": "speaker_registration_started", "speaker_id": 0, '
        '"message": "화자 1번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"}',
    ),
    (
        RegistrationStarted(1),
        '{"type": "speaker_registration_started", "speaker_id": 1, '
        '"message": "화자 2번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"}',
    ),
    (
        RegistrationCompleted(0),
        '{"type": "speaker_registration_completed", "speaker_id": 0, '
        '"message": "화자 1번 등록이 완료되었습니다."}',
    ),
    (
        RegistrationCompleted(1),
        '{"type": "speaker_registration_completed", "speaker_id": 1, '
        '"message": "화자 2번 등록이 완료되었습니다."}',
    ),
    (
        TranscriptionStarted(),
        '{"type": "transcription_started", "message": "실시간 전사를 시작합니다."}',
    ),
    (
        Transcription(0, "안녕하세요 반갑습니다", "2025-08-21T05:30:15.123Z", -25.5),
        '{"type": "transcription", "speaker_id": 0, "text": "안녕하세요 반갑습니다", '
        '"timestamp": "2025-08-21T05:30:15.123Z", "confidence": -25.5}',
    ),
    (
        Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FULL),
        '{"type": "error", "code": "CONNECTION_FAILED", '
        '"message": "WebSocket 연결에 실패했습니다."}',
    ),
    (
        Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.TOO_LITTLE_SPEECH, 0),
        '{"type": "error", "code": "SPEAKER_REGISTRATION_FAILED", "speaker_id": 0, '
        '"message": "화자 등록에 실패했습니다. 다시 시도해주세요."}',
    ),
    (
        Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.ENGINE_FAILED),
        '{"type": "error", "code": "TRANSCRIPTION_FAILED", "message": "음성 인식에 실패했습니다."}',
    ),
]


@pytest.mark.parametrize(("message", "text"), SPECIFIED)
def test_a_message_of_the_specification_is_encoded_word_for_word(
    message: ServerMessage, text: str
) -> None:
    assert serialize(message) == text


WISHES = (
    Reason.LANGUAGE_UNSUPPORTED,
    Reason.HOTWORDS_UNSUPPORTED,
    Reason.HOTWORD_UNKNOWN,
    Reason.ENCODING_UNSUPPORTED,
    Reason.CHANNELS_UNSUPPORTED,
)
"""Reasons that only what goes beyond the specification can have."""


TICKETS = tuple(reason for reason in Reason if reason.startswith("ticket_"))

UNASKED = (*WISHES, Reason.WRONG_FORMAT, *TICKETS)
"""And one that nobody meets who keeps to the specification."""


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in UNASKED])
def test_a_specified_error_has_no_reason_for_a_client_of_the_specification(reason: Reason) -> None:
    fields = json.loads(serialize(Error(ErrorCode.TRANSCRIPTION_FAILED, reason)))
    assert fields == {
        "type": "error",
        "code": "TRANSCRIPTION_FAILED",
        "message": "음성 인식에 실패했습니다.",
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_korean_sentence_and_a_name_for_a_client_with_details(
    reason: Reason,
) -> None:
    error = Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, reason, 1)
    fields = json.loads(serialize(error, details=True))
    assert list(fields) == ["type", "code", "speaker_id", "message", "reason"]
    assert fields["reason"] == reason.value
    assert any("가" <= character <= "힣" for character in fields["message"])


@pytest.mark.parametrize("looks_like", AudioFormat)
@pytest.mark.parametrize("code", [ErrorCode.SPEAKER_REGISTRATION_FAILED, ErrorCode.INVALID_AUDIO])
def test_a_client_that_sends_another_format_is_always_told_which(
    code: ErrorCode, looks_like: AudioFormat
) -> None:
    error = Error(code, Reason.WRONG_FORMAT, looks_like=looks_like)
    fields = json.loads(serialize(error))
    assert (fields["reason"], fields["looks_like"]) == ("wrong_format", looks_like.value)
    assert texts.FORMATS[looks_like] in fields["message"]
    assert "16kHz 모노 PCM16" in fields["message"]


def test_no_two_reasons_share_a_sentence() -> None:
    assert len(set(texts.REASONS.values())) == len(Reason)


@pytest.mark.parametrize("code", [ErrorCode.INVALID_MESSAGE, ErrorCode.INVALID_AUDIO])
def test_an_error_beyond_the_specification_always_names_its_reason(code: ErrorCode) -> None:
    fields = json.loads(serialize(Error(code, Reason.NOT_JSON)))
    assert fields["message"] == "JSON 객체 형식의 메시지가 아닙니다."
    assert fields["reason"] == "not_json"


def test_details_come_after_the_fields_of_the_specification() -> None:
    details = Details(1.23456, 2.0, Label.DOUBTFUL, 0.98765, (0.61234, 0.3), 0.4567, 0.31234)
    fields = json.loads(serialize(Transcription(1, "네", "t", -30.0, 3, details)))
    assert list(fields.items())[5:] == [
        ("segment_id", 3),
        ("start_seconds", 1.235),
        ("end_seconds", 2.0),
        ("label", "doubtful"),
        ("probability", 0.9877),
        ("scores", [0.6123, 0.3]),
        ("overlap_seconds", 0.46),
        ("margin", 0.3123),
    ]


def test_the_end_of_a_transcription_has_a_summary() -> None:
    shares = (SpeakerShare(0, 5, 12.34567), SpeakerShare(1, 2, 3.0))
    assert serialize(TranscriptionStopped(Summary(7, 1, 30.00049, shares))) == (
        '{"type": "transcription_stopped", "message": "실시간 전사를 종료했습니다.", '
        '"utterances": 7, "failed": 1, "audio_seconds": 30.0, "speakers": ['
        '{"speaker_id": 0, "utterances": 5, "speech_seconds": 12.346}, '
        '{"speaker_id": 1, "utterances": 2, "speech_seconds": 3.0}]}'
    )


def test_a_client_that_can_resume_gets_its_token_and_the_state_of_the_session() -> None:
    assert json.loads(serialize(ModelLoaded("token"))) == {
        "type": "model_loaded",
        "message": texts.MODEL_LOADED,
        "session_token": "token",
        "resumed": False,
    }
    back = json.loads(serialize(ModelLoaded("next", Place("transcribing", (0, 1), 4096))))
    assert (back["session_token"], back["resumed"], back["state"]) == ("next", True, "transcribing")
    assert (back["speaker_ids"], back["received_samples"]) == ([0, 1], 4096)


def test_messages_of_a_session_that_can_be_resumed_are_numbered() -> None:
    fields = json.loads(serialize(TranscriptionStarted(), number=3))
    assert fields.pop("number") == 3
    assert fields == json.loads(serialize(TranscriptionStarted()))


@pytest.mark.parametrize("reason", list(texts.AHEAD))
def test_a_warning_before_a_limit_gives_the_seconds_that_are_left(reason: Reason) -> None:
    fields = json.loads(serialize(LimitWarning(reason, 60)))
    assert (fields["reason"], fields["seconds_left"]) == (reason.value, 60)
    assert "60초" in fields["message"]


@given(text=st.text(), confidence=st.floats(-120, 0))
def test_any_text_is_encoded_as_json_that_decodes_to_it(text: str, confidence: float) -> None:
    fields = json.loads(serialize(Transcription(0, text, "t", confidence)))
    assert (fields["text"], fields["confidence"]) == (text, confidence)


def test_an_interim_text_is_encoded_as_documented() -> None:
    assert serialize(Interim(3, "안녕하세", 2)) == (
        '{"type": "interim", "segment_id": 3, "text": "안녕하세", "stable_chars": 2}'
    )


def test_details_contain_tokens_and_language_if_they_are_known() -> None:
    tokens = (Token("안", 0.61234), Token("녕", 0.8))
    details = Details(0.5, 1.5, Label.SHORT, 0.65, (), tokens=tokens, language="ko")
    fields = json.loads(serialize(Transcription(0, "안녕", "t", -30.0, details=details)))
    assert fields["tokens"] == [
        {"text": "안", "start_seconds": 0.612},
        {"text": "녕", "start_seconds": 0.8},
    ]
    assert fields["language"] == "ko"
    assert "margin" not in fields, "nothing was embedded"
    assert "segment_id" not in fields


def test_a_speaker_update_is_encoded_as_documented() -> None:
    assert serialize(SpeakerUpdate(7, 1)) == (
        '{"type": "speaker_update", "segment_id": 7, "speaker_id": 1}'
    )


@pytest.mark.parametrize("reason", WISHES)
def test_an_unsupported_option_is_refused_with_its_reason(reason: Reason) -> None:
    """A client without details gets the reason too, since it used an addition."""
    fields = json.loads(serialize(Error(ErrorCode.TRANSCRIPTION_FAILED, reason)))
    assert (fields["reason"], fields["message"]) == (reason, texts.REASONS[reason])
