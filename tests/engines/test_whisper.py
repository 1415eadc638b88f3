"""Whisper on onnxruntime: the silence for foreign models, and the longest text."""

from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest
from test_sherpa_folders import ENCODER, WHISPER, altered, with_metadata

from hwaja.engines import whisper
from hwaja.engines.exports import WhisperExport, open_export
from hwaja.engines.interface import Samples
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

pytestmark = pytest.mark.models


def recogniser(folder: Path) -> whisper.WhisperRecognizer:
    export = open_export(folder, "en")
    assert isinstance(export, WhisperExport)
    return whisper.WhisperRecognizer(export, "en")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Frames that the encoder is given."""
    frames: list[int] = []
    run = whisper.run_bound

    def noted(session: Any, inputs: dict[str, Any], outputs: dict[str, str]) -> list[Any]:
        frames.append(inputs["mel"].shape[-1])
        return run(session, inputs, outputs)

    monkeypatch.setattr(whisper, "run_bound", noted)
    return frames


def speech(seconds: float) -> Samples:
    return clips.samples(clips.part("two_cities", 1, 1 + seconds))


def test_silence_is_added_for_an_encoder_that_adds_none(tmp_path: Path, given: list[int]) -> None:
    """Up to 10 s, 4 s at least, and never more than the 30 s that it knows positions for."""
    others = recogniser(altered(WHISPER, tmp_path, with_metadata(ENCODER, "adds_silence", None)))
    for seconds, frames in ((2, 1000), (8, 1202), (28.5, 3000)):
        assert others.recognise(speech(seconds), Options()).text != ""
        assert given.pop() == pytest.approx(frames, abs=2)


def test_no_silence_is_added_for_an_encoder_that_adds_its_own(given: list[int]) -> None:
    ours = recogniser(locate(WHISPER))
    for seconds in (2, 8, 28.5):
        assert ours.recognise(speech(seconds), Options()).text != ""
        assert given.pop() == pytest.approx(100 * seconds, abs=2)


def test_fast_speech_is_recognised_to_its_end() -> None:
    """Every word of 6 s played in 3.5 s, as fast as people read terms and conditions."""
    slow = speech(6)
    fast = np.interp(np.arange(0, len(slow), 1.7), np.arange(len(slow)), slow).astype(np.float32)
    heard = recogniser(locate(WHISPER)).recognise(fast, Options())
    assert heard.tokens[-1].start_seconds > 0.7 * len(fast) / SAMPLE_RATE


def chord(seconds: float) -> Samples:
    """A3 F3 C4, 12 harmonics each, struck and fading, at -37 dBFS."""
    at_seconds = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(
        np.sin(2 * np.pi * k * hertz * at_seconds) / k
        for hertz in (220.0, 174.6, 261.6)
        for k in range(1, 13)
    )
    fading = sound * 10 ** (-at_seconds)
    return np.asarray(fading * 10 ** (-37 / 20) / np.std(fading), np.float32)


def test_speech_has_a_high_score_and_text_for_a_chord_has_a_low_one() -> None:
    ours = recogniser(locate(WHISPER))
    for seconds in (1, 2, 4):
        spoken = ours.recognise(speech(seconds), Options()).score
        written = ours.recognise(chord(seconds), Options()).score
        assert spoken is not None
        assert written is not None
        assert written < -1.8 < -1.4 < spoken <= 0


def test_a_text_without_end_is_cut_at_the_longest_possible_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = recogniser(locate(WHISPER))
    monkeypatch.setattr(whisper, "MIN_TOKENS", 1)
    monkeypatch.setattr(whisper, "TOKENS_PER_SECOND", 2)
    assert len(ours.recognise(speech(4), Options()).tokens) == 9
