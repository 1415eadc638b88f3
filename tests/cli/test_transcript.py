"""The printed form of a conversation."""

import json
import re
from collections.abc import Sequence

import pytest

from hwaja.cli.transcript import Transcript
from hwaja.client import Message
from hwaja.language import Language

Capture = pytest.CaptureFixture[str]

FINAL: Message = {
    "type": "transcription",
    "speaker_id": 1,
    "text": "반갑습니다",
    "confidence": -31.2,
    "segment_id": 0,
    "start_seconds": 4.94,
}
STARTED: Message = {"type": "transcription_started", "message": "실시간 전사를 시작합니다."}


def interim(segment_id: int, text: str) -> Message:
    return {"type": "interim", "segment_id": segment_id, "text": text, "stable_chars": 0}


def shown(
    capsys: Capture,
    *messages: Message,
    as_json: bool = False,
    names: Sequence[str] = (),
    language: Language = "en",
) -> str:
    with Transcript(as_json=as_json, names=names, language=language) as transcript:
        for message in messages:
            transcript.show(message)
    return capsys.readouterr().out


def test_a_final_text_is_a_line_with_its_speaker(capsys: Capture) -> None:
    assert shown(capsys, STARTED, FINAL).splitlines() == [
        "The transcription begins.",
        "Speaker 2      4.9 s   -31.2 dBFS  반갑습니다",
    ]


def test_a_text_of_a_server_that_knows_the_specification_alone_is_a_line(capsys: Capture) -> None:
    plain = {key: FINAL[key] for key in ("type", "speaker_id", "text", "confidence")}
    assert shown(capsys, plain) == "Speaker 2   -31.2 dBFS  반갑습니다\n"


@pytest.mark.parametrize(("language", "pattern"), [("ko", r"[A-Za-z]"), ("en", r"[가-힣]")])
def test_everything_but_what_was_said_is_in_one_language(
    language: Language, pattern: str, capsys: Capture
) -> None:
    enrolled: Message = {
        "type": "speaker_registration_completed",
        "speaker_id": 0,
        "message": "화자 1번 등록이 완료되었습니다.",
        "quality": {"warnings": [{"reason": "noisy", "message": "주변 소음이 큽니다."}]},
    }
    refused: Message = {
        "type": "error",
        "code": "TRANSCRIPTION_FAILED",
        "reason": "engine_failed",
        "message": "서버에서 음성을 처리하지 못했습니다.",
    }
    said = FINAL | {"text": "123"}
    other = FINAL | {"text": "456", "label": "unknown", "segment_id": 1}
    corrected: Message = {"type": "speaker_update", "segment_id": 1, "speaker_id": 0}
    messages = (enrolled, STARTED, said, other, corrected, refused)
    out = shown(capsys, *messages, language=language)
    assert len(out.splitlines()) == 7
    assert re.search(pattern, out.replace("dBFS", "").replace(" s ", "")) is None


def test_an_unknown_speaker_does_not_get_the_name_of_an_enrolled_one(capsys: Capture) -> None:
    """The name is that of the page. JSON output is the server's message."""
    stranger = FINAL | {"label": "unknown"}
    assert shown(capsys, stranger) == "Someone not enrolled     4.9 s   -31.2 dBFS  반갑습니다\n"
    assert json.loads(shown(capsys, stranger, as_json=True)) == stranger


def test_a_corrected_speaker_is_shown_with_the_text_that_it_is_about(capsys: Capture) -> None:
    update = {"type": "speaker_update", "segment_id": 0, "speaker_id": 2}
    lines = shown(capsys, FINAL | {"label": "unknown"}, update).splitlines()
    assert lines[1] == "corrected: Speaker 3      4.9 s   -31.2 dBFS  반갑습니다"


def test_a_speaker_with_a_name_is_shown_by_it(capsys: Capture) -> None:
    update = {"type": "speaker_update", "segment_id": 0, "speaker_id": 2}
    lines = shown(capsys, FINAL, update, names=["김지영", "이영희"]).splitlines()
    assert lines[0] == "이영희      4.9 s   -31.2 dBFS  반갑습니다"
    assert lines[1] == "corrected: Speaker 3      4.9 s   -31.2 dBFS  반갑습니다"


def test_a_message_of_a_later_server_without_text_is_ignored(capsys: Capture) -> None:
    assert shown(capsys, {"type": "audio_ahead", "seconds": 3.0}) == ""


def test_an_uncertain_speaker_has_a_question_mark(capsys: Capture) -> None:
    lines = shown(capsys, FINAL | {"label": "sure"}, FINAL | {"label": "short"}).splitlines()
    assert [line[:16] for line in lines] == ["Speaker 2      4", "Speaker 2?     4"]


def test_possible_improvements_of_a_voice_are_shown_below_it(capsys: Capture) -> None:
    warning = {"reason": "noisy", "message": "주변 소음이 큽니다."}
    enrolled = {"type": "speaker_registration_completed", "message": "등록이 완료되었습니다."}
    quality = {"quality": {"warnings": [warning]}}
    assert shown(capsys, enrolled | quality).splitlines() == [
        "Speaker 1 is enrolled.",
        "! There is much noise. Speak where it is quiet.",
    ]


def test_no_interim_text_is_written_to_a_pipe(capsys: Capture) -> None:
    assert shown(capsys, interim(0, "반갑"), FINAL) == shown(capsys, FINAL)


def test_as_json_every_message_is_a_line(capsys: Capture) -> None:
    messages = [STARTED, interim(0, "반갑"), FINAL]
    lines = shown(capsys, *messages, as_json=True).splitlines()
    assert [json.loads(line) for line in lines] == messages
    assert "반갑" in lines[1], "readable as it is"


def test_a_terminal_shows_interim_texts_and_keeps_the_final_text(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = shown(capsys, interim(0, "반갑"), interim(1, "저도"), FINAL)
    assert out.index("반갑 저도") < out.rindex("반갑습니다")
    assert out.rindex("저도") > out.rindex("반갑습니다"), "the other utterance goes on below"


def test_an_event_is_a_line_with_its_figures(capsys: Capture) -> None:
    dropped = {"type": "utterance_dropped", "segment_id": 4, "reason": "noise", "number": 7}
    assert shown(capsys, dropped) == "utterance_dropped: segment_id 4, reason noise\n"


def test_what_would_control_the_terminal_is_not_printed(capsys: Capture) -> None:
    escapes = "\x1b[2J\x9b\u202e"
    ended: Message = {"type": "utterance_dropped", "segment_id": 1, "reason": escapes}
    started: Message = {"type": "transcription_started", "message": escapes}
    out = shown(capsys, started, FINAL | {"text": f"네{escapes}"}, ended, language="ko")
    assert all(line.isprintable() for line in out.splitlines())
    assert "네" in out


def test_a_correction_of_an_unknown_text_is_not_printed(capsys: Capture) -> None:
    assert shown(capsys, {"type": "speaker_update", "segment_id": 9, "speaker_id": 0}) == ""
