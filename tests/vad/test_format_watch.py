"""The format check of a transcription: in pieces of any length, with one report."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.doctor.babble import babble
from hwaja.protocol.codes import AudioFormat
from hwaja.vad.audio_format import EXAMINED_SAMPLES, MAX_EXAMINATIONS, FormatWatch
from hwaja_bench.speech.wrong_formats import pcm16

SPEECH = babble(6, 1)
FLOATS = SPEECH.astype("<f4").tobytes()


def heard(watch: FormatWatch, data: bytes, piece_bytes: int = 8192) -> list[AudioFormat]:
    """What is named while bytes come in pieces."""
    pieces = (data[k : k + piece_bytes] for k in range(0, len(data), piece_bytes))
    found = [watch.add(memoryview(piece)) for piece in pieces]
    return [name for name in found if name is not None]


@pytest.fixture
def watch() -> FormatWatch:
    watch = FormatWatch()
    watch.begin()
    return watch


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 60_000))
def test_another_format_is_reported_once_however_the_audio_is_split(piece_words: int) -> None:
    watch = FormatWatch()
    watch.begin()
    assert heard(watch, FLOATS, 2 * piece_words) == [AudioFormat.FLOAT32]


def test_silence_before_the_audio_changes_nothing(watch: FormatWatch) -> None:
    assert heard(watch, bytes(60 * 32_000) + FLOATS) == [AudioFormat.FLOAT32]


def test_pcm16_is_not_reported_and_is_checked_only_for_a_limited_time(watch: FormatWatch) -> None:
    speech = pcm16(SPEECH[8000:-8000]).tobytes()
    repeats = -(-2 * EXAMINED_SAMPLES * MAX_EXAMINATIONS // len(speech))
    assert heard(watch, speech * (repeats + 1)) == []
    assert heard(watch, FLOATS) == []


def test_the_check_runs_only_in_a_transcription_and_begins_anew_in_the_next() -> None:
    watch = FormatWatch()
    assert heard(watch, FLOATS) == []
    for _ in range(2):
        watch.begin()
        assert heard(watch, FLOATS) == [AudioFormat.FLOAT32]


def test_checked_audio_is_overwritten(watch: FormatWatch) -> None:
    watch.add(memoryview(FLOATS[: 2 * EXAMINED_SAMPLES - 2]))
    assert watch._words.any()
    watch.add(memoryview(FLOATS[:2]))
    assert not watch._words.any()
    watch.begin()
    watch.add(memoryview(FLOATS[:100]))
    watch.forget()
    assert not watch._words.any()
