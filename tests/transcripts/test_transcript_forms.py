"""A transcript as SubRip, WebVTT, text and JSON: what editors and players expect."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.transcripts.cues import (
    MAX_CUE_SECONDS,
    MAX_LINE_CHARS,
    MAX_LINES,
    MAX_WIDE_LINE_CHARS,
    cues_of,
)
from hwaja.transcripts.transcript import Collector, Message, Transcript
from hwaja.transcripts.writers import plain_text, subrip, webvtt

TIMES = re.compile(r"(\d\d):(\d\d):(\d\d)[,.](\d{3}) --> (\d\d):(\d\d):(\d\d)[,.](\d{3})")


def utterance(
    text: str,
    start_seconds: float = 0.0,
    end_seconds: float = 2.0,
    *,
    speaker_id: int = 0,
    label: str = "sure",
    **more: Any,
) -> dict[str, Any]:
    return {
        "type": "transcription",
        "segment_id": 0,
        "speaker_id": speaker_id,
        "label": label,
        "text": text,
        "start_seconds": start_seconds,
        "end_seconds": end_seconds,
        "confidence": -25.5,
        **more,
    }


def transcript(*utterances: Message, **names: str) -> Transcript:
    of_ids = {int(key.removeprefix("n")): name for key, name in names.items()}
    return Transcript(utterances, of_ids, {"audio_seconds": 9.0, "failed": 0, "speakers": []})


def dated(*words: tuple[str, float, float]) -> dict[str, Any]:
    """An utterance whose recogniser dates its words."""
    fields = [{"text": t, "start_seconds": b, "end_seconds": e} for t, b, e in words]
    text = " ".join(word for word, *_ in words)
    return utterance(text, words[0][1], words[-1][2], words=fields)


def test_subrip_numbers_its_cues_and_names_who_speaks() -> None:
    """Names come from the client; a speaker without one gets a number from 1."""
    text = subrip(
        transcript(
            utterance("안녕하세요.", 0.4, 2.16),
            utterance("네, 반갑습니다.", 3661.0, 3662.5, speaker_id=1),
            n0="민아",
        )
    )
    assert text == (
        "1\n00:00:00,400 --> 00:00:02,160\n민아: 안녕하세요.\n\n"
        "2\n01:01:01,000 --> 01:01:02,500\n화자 2: 네, 반갑습니다.\n"
    )


def test_webvtt_names_the_speaker_in_a_voice_span_and_escapes_its_markup() -> None:
    text = webvtt(transcript(utterance("a < b --> c & d", 0.0, 1.0), n0="A&B <x>"))
    assert text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n"
        "<v A&amp;B &lt;x&gt;>a &lt; b --&gt; c &amp; d</v>\n"
    )


def test_an_arrow_in_the_text_of_a_subrip_cue_is_no_time() -> None:
    lines = subrip(transcript(utterance("1 --> 2"))).splitlines()
    assert [line for line in lines if "-->" in line] == ["00:00:00,000 --> 00:00:02,000"]


def test_a_person_who_is_nobody_enrolled_has_no_number() -> None:
    text = plain_text(transcript(utterance("Hello", 65.9, 67, label="unknown"), n0="Mina"))
    assert text == "[00:01:05] Speaker ?: Hello\n"


def test_two_people_at_once_have_cues_at_the_same_time_in_the_order_of_their_beginnings() -> None:
    text = subrip(
        transcript(
            utterance("하나 " * 12, 0.0, 6.0),
            utterance("둘", 1.0, 2.0, speaker_id=1),
        )
    )
    starts = [line.split(" ")[0] for line in text.splitlines() if "-->" in line]
    assert starts == sorted(starts)
    assert "화자 2: 둘" in text


def test_a_long_utterance_is_divided_by_the_times_of_its_words() -> None:
    words = [(f"단어{at}", 1.0 + at, 1.4 + at) for at in range(14)]
    cues = cues_of(dated(*words))
    assert len(cues) > 1
    heard = {text: (begins, ends) for text, begins, ends in words}
    for cue in cues:
        texts = " ".join(cue.lines).split()
        assert cue.start_ms == round(1000 * heard[texts[0]][0])
        assert cue.end_ms == round(1000 * heard[texts[-1]][1])
        assert cue.end_ms - cue.start_ms <= 1000 * MAX_CUE_SECONDS


def test_the_lines_of_a_korean_cue_are_shorter() -> None:
    korean, english = cues_of(utterance("가나다 " * 30)), cues_of(utterance("abc " * 30))
    assert max(len(line) for cue in korean for line in cue.lines) == MAX_WIDE_LINE_CHARS - 1
    assert max(len(line) for cue in english for line in cue.lines) > MAX_WIDE_LINE_CHARS


def test_the_name_counts_for_the_first_line() -> None:
    (first, *_) = cues_of(utterance("가나다 " * 30), prefix="김지영 상담사:")
    assert first.lines[0].startswith("김지영 상담사: 가나다")
    assert all(len(line) <= MAX_WIDE_LINE_CHARS for line in first.lines)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=300),
    st.floats(0, 10_000),
    st.floats(0, 15),
)
def test_no_cue_is_too_long_or_loses_text(text: str, start: float, seconds: float) -> None:
    """Whatever the text, each cue has two lines at most, lasts, and times never go back."""
    cues = cues_of(utterance(text, start, start + seconds))
    assert "".join("".join(cue.lines) for cue in cues).replace(" ", "") == "".join(text.split())
    for cue in cues:
        assert 1 <= len(cue.lines) <= MAX_LINES
        assert all(0 < len(line) <= MAX_LINE_CHARS for line in cue.lines)
        assert cue.end_ms > cue.start_ms
    for before, after in pairwise(cues):
        assert before.end_ms <= after.start_ms


@pytest.mark.parametrize("times", [(5.0, 3.0), (-2.0, 100.0), (9.0, 9.0)])
def test_times_of_words_that_make_no_sense_stay_within_the_utterance(
    times: tuple[float, float],
) -> None:
    words = [{"text": "a", "start_seconds": times[0], "end_seconds": times[1]}]
    (cue,) = cues_of(utterance("a", 2.0, 4.0, words=words))
    assert 2000 <= cue.start_ms < cue.end_ms <= 4001


@given(st.lists(st.tuples(st.text(max_size=20), st.floats(0, 100), st.floats(0, 20))))
def test_every_block_of_a_file_has_good_times(spoken: list[tuple[str, float, float]]) -> None:
    said = transcript(*(utterance(text, at, at + lasts) for text, at, lasts in spoken))
    for written in (subrip(said), webvtt(said)):
        for line in written.splitlines():
            if "-->" in line:
                assert TIMES.fullmatch(line)


def test_corrections_of_the_speaker_change_the_transcript() -> None:
    collector = Collector({1: "지수"})
    collector.take(utterance("하나", 0.0, 1.0))
    collector.take({"type": "interim", "segment_id": 1, "text": "x"})
    collector.take(utterance("둘", 2.0, 3.0, speaker_id=1) | {"segment_id": 1})
    collector.take({"type": "speaker_update", "segment_id": 0, "speaker_id": 1})
    share = {"speaker_id": 1, "utterances": 2, "speech_seconds": 2.0}
    summary = {"audio_seconds": 3.0, "failed": 0, "speakers": [share]}
    made = collector.finished(summary, 0).as_json(details=False)
    assert made["speakers"] == [share | {"name": "지수"}]
    assert [each["speaker_id"] for each in made["utterances"]] == [1, 1]
    assert made["utterances"][0] == {
        "segment_id": 0,
        "speaker_id": 1,
        "label": "sure",
        "start_seconds": 0.0,
        "end_seconds": 1.0,
        "confidence": -25.5,
        "text": "하나",
        "speaker_name": "지수",
    }


def test_details_bring_the_times_of_words() -> None:
    said = transcript(dated(("하나", 0.0, 0.4), ("둘", 0.5, 1.0)))
    assert "words" not in said.as_json(details=False)["utterances"][0]
    assert len(said.as_json(details=True)["utterances"][0]["words"]) == 2
