"""Whisper on CTranslate2: its texts, its candidates, its effort, and where it ends."""

import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest

from hwaja.engines.ctranslate2 import whisper
from hwaja.engines.ctranslate2.whisper import WhisperRecognizer
from hwaja.engines.interface import EngineError, Samples, Utterance
from hwaja.engines.recognition import Candidate, Effort
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Hotword, Options

pytestmark = pytest.mark.models

MELS = 80
""" "whisper-base" has so many mel bands."""


@pytest.fixture(scope="module")
def ours() -> WhisperRecognizer:
    return WhisperRecognizer(locate("whisper-base"), "en")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Spectrograms that the encoder is given."""
    mels: list[Any] = []
    view = whisper._view

    def noted(features: Any) -> Any:
        if features.shape[1] == MELS:  # and not the encoder's output
            mels.append(features.copy())
        return view(features)

    monkeypatch.setattr(whisper, "_view", noted)
    return mels


def speech(seconds: float) -> Samples:
    return clips.samples(clips.part("two_cities", 1, 1 + seconds))


def test_the_encoder_is_given_silence_behind_the_utterance(
    ours: WhisperRecognizer, given: list[Any]
) -> None:
    """Up to 10 s, 4 s at least, never more than the 30 s it knows, and an even number of frames."""
    for seconds, frames in ((2, 1000), (8, 1202), (8.01, 1202), (28.5, 3000)):
        assert ours.recognise(Utterance(speech(seconds))).text != ""
        (mel,) = given.pop()
        assert mel.shape == (MELS, pytest.approx(frames, abs=2))
        assert mel.shape[1] % 2 == 0
        assert np.ptp(mel[:, -100:]) == 0


def test_more_effort_gives_more_context(ours: WhisperRecognizer, given: list[Any]) -> None:
    ours.recognise(Utterance(speech(2), Options(), Effort(context_seconds=15)))
    assert given[0].shape[-1] == 1500


def candidates_of(
    ours: WhisperRecognizer, effort: Effort, take: int = 0
) -> tuple[str, list[Candidate], str]:
    """The text, the candidates it was chosen from, and their language."""
    offered: list[Candidate] = []
    languages: list[str] = []

    def choose(candidates: Sequence[Candidate], language: str) -> int:
        offered.extend(candidates)
        languages.append(language)
        return take

    text = ours.recognise(Utterance(speech(3), Options(language="ko"), effort, choose)).text
    return text, offered, "".join(languages)


def test_a_beam_offers_its_texts_and_the_chosen_one_is_taken(ours: WhisperRecognizer) -> None:
    effort = Effort(beam_size=3)
    _, offered, language = candidates_of(ours, effort)
    scores = [candidate.log_probability for candidate in offered]
    assert (len(offered), language) == (3, "ko")
    assert len({candidate.text for candidate in offered}) > 1
    assert scores == sorted(scores, reverse=True)
    assert scores[0] < 0
    for index, candidate in enumerate(offered):
        assert candidates_of(ours, effort, index)[0] == candidate.text


def test_without_a_beam_there_is_nothing_to_choose(ours: WhisperRecognizer) -> None:
    assert candidates_of(ours, Effort(beam_size=1), take=7)[1] == []
    assert candidates_of(ours, Effort(temperature=0.8), take=7)[1] == []


def test_tokens_have_probabilities_and_the_sure_ones_high_ones(ours: WhisperRecognizer) -> None:
    tokens = ours.recognise(Utterance(speech(6))).tokens
    shares = [token.probability or 0.0 for token in tokens]
    assert all(0 < share <= 1 for share in shares)
    assert np.median(shares) > 0.9


def test_speech_that_is_too_fast_for_six_tokens_a_second_is_heard_to_the_end(
    ours: WhisperRecognizer,
) -> None:
    """Every word of 6 s played in 3.5 s, as fast as people read terms and conditions."""
    slow = speech(6)
    fast = np.interp(np.arange(0, len(slow), 1.7), np.arange(len(slow)), slow).astype(np.float32)
    heard = ours.recognise(Utterance(fast))
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


def test_what_was_spoken_scores_high_and_what_is_written_of_a_chord_low(
    ours: WhisperRecognizer,
) -> None:
    for seconds in (1, 2, 4):
        spoken = ours.recognise(Utterance(speech(seconds)))
        written = ours.recognise(Utterance(chord(seconds)))
        assert spoken.score is not None
        assert written.score is not None
        assert written.score < -3 < -1.4 < spoken.score <= 0
        assert spoken.no_speech_probability is not None
        assert written.no_speech_probability is not None
        assert 0 <= spoken.no_speech_probability < 0.3 < 0.6 < written.no_speech_probability <= 1


def text_with(ours: WhisperRecognizer, samples: Samples, boost: float | None, *words: str) -> str:
    hotwords = tuple(Hotword(word, boost) for word in words)
    return ours.recognise(Utterance(samples, Options(hotwords=hotwords))).text


def test_a_hotword_that_sounds_like_what_was_said_is_written_if_its_boost_allows(
    ours: WhisperRecognizer,
) -> None:
    spoken = clips.samples(clips.part("beckett", 0, 4.4))
    assert "Fayled" in text_with(ours, spoken, 10.0, "Fayled")
    assert "Fayled" not in text_with(ours, spoken, 0.1, "Fayled")


def test_hotwords_that_nobody_says_change_nothing(ours: WhisperRecognizer) -> None:
    plain = ours.recognise(Utterance(speech(6)))
    words = ("삼계탕", "COVID-19", "Airbnb", "birth", "tiles", "wars", "?!", "東京")
    biased = ours.recognise(Utterance(speech(6), Options(hotwords=tuple(map(Hotword, words)))))
    assert biased == plain


def test_a_hotword_has_times_and_its_boost_does_not_raise_the_score(
    ours: WhisperRecognizer,
) -> None:
    """The score says how sure the model is of the text; a boost would hide invented text."""
    spoken = clips.samples(clips.part("beckett", 0, 4.4))
    plain = ours.recognise(Utterance(spoken))
    biased = ours.recognise(Utterance(spoken, Options(hotwords=(Hotword("Fayled", 10.0),))))
    assert "".join(token.text for token in biased.tokens).strip() == biased.text != plain.text
    assert plain.score is not None
    assert biased.score is not None
    assert biased.score < plain.score


def test_no_hotword_is_sought_in_what_is_written_of_a_chord(ours: WhisperRecognizer) -> None:
    written = ours.recognise(Utterance(chord(2)))
    alike = f"{written.text[:-1]}x"
    assert written.text != ""
    assert text_with(ours, chord(2), 10.0, alike) == written.text


@pytest.mark.parametrize("seconds", [4, 12])
def test_a_text_without_end_is_cut_off_where_nobody_could_have_said_more(
    seconds: int, ours: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither earlier nor later."""
    monkeypatch.setattr(whisper, "MIN_TOKENS", 1)
    monkeypatch.setattr(whisper, "USUAL_TOKENS_PER_SECOND", 1)
    monkeypatch.setattr(whisper, "TOKENS_PER_SECOND", 2)
    found = [
        len(ours.recognise(Utterance(speech(seconds), Options(), Effort(n))).tokens) for n in (1, 5)
    ]
    assert found == [1 + 2 * seconds] * 2


def test_speech_of_more_tokens_than_usual_is_written_to_its_end(
    ours: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ours.recognise(Utterance(speech(4)))
    monkeypatch.setattr(whisper, "MIN_TOKENS", 4)
    monkeypatch.setattr(whisper, "USUAL_TOKENS_PER_SECOND", 0)
    assert len(whole.tokens) > 4
    assert ours.recognise(Utterance(speech(4))) == whole


def test_a_loop_is_not_continued(ours: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(ours._model)
    monkeypatch.setattr(ours, "_model", asked)
    monkeypatch.setattr(whisper, "is_stuck", lambda text, seconds: bool(text))
    monkeypatch.setattr(whisper, "MIN_TOKENS", 4)
    monkeypatch.setattr(whisper, "USUAL_TOKENS_PER_SECOND", 0)
    assert len(ours.recognise(Utterance(speech(4))).tokens) == 4
    assert asked.max_length == 2 * 4


class Asked:
    """A model that notes the highest limit it is asked for."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.max_length = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, *arguments: Any, max_length: int, **others: Any) -> Any:
        self.max_length = max(self.max_length, max_length)
        return self._model.generate(*arguments, max_length=max_length, **others)


def test_the_longest_text_fits_the_positions_of_the_decoder(
    ours: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CTranslate2 takes half of the limit, and fails beyond the positions."""
    asked = Asked(ours._model)
    monkeypatch.setattr(ours, "_model", asked)
    monkeypatch.setattr(whisper, "USUAL_TOKENS_PER_SECOND", 1000)
    assert ours.recognise(Utterance(speech(2))).text != ""
    assert asked.max_length == 2 * (448 - len(ours._vocabulary.prompt("en")))


# Process ----------------------------------------------------------------------------------------

# Each ends with a sentence: what is written for a phrase that is cut off depends on the last bit.
SPANS = [
    ("beckett", 4.4, 9.9),
    ("two_cities", 0, 6),
    ("two_cities", 17, 21),
    ("two_cities", 21, 26),
]

HEAR = """
import json, os, sys
import clips
from hwaja.engines.interface import Utterance
from hwaja.engines.loading import load_recogniser
from hwaja.models import locate
before = len(os.listdir("/proc/self/task"))
ours = load_recogniser(locate("whisper-base"), "en")
spans = json.loads(sys.argv[1])
texts = [ours.recognise(Utterance(clips.samples(clips.part(*span)))).text for span in spans]
print(json.dumps([texts, len(os.listdir("/proc/self/task")) - before]))
"""


def test_a_processor_without_vnni_gives_nearly_the_same_text_on_one_thread(
    ours: WhisperRecognizer,
) -> None:
    """Products that overflow 16 bits would cost half of the words more.

    CTranslate2 hands each call to one thread of its own; there is no pool beside it.
    """
    ended = subprocess.run(
        [sys.executable, "-c", HEAR, json.dumps(SPANS)],
        cwd=Path(__file__).parents[1] / "support",  # `clips` lies there
        # The first is for CTranslate2's own code, the second for its products of matrices.
        env=os.environ | {"CT2_FORCE_CPU_ISA": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
        check=True,
        timeout=120,
        capture_output=True,
    )
    texts, threads = json.loads(ended.stdout)
    expected = [ours.recognise(Utterance(clips.samples(clips.part(*span)))).text for span in SPANS]
    assert all(len(text) > 20 for text in expected)
    found, right = (re.sub(r"\W", "", "".join(each).lower()) for each in (texts, expected))
    assert difflib.SequenceMatcher(None, found, right, autojunk=False).ratio() > 0.97
    assert threads == 1


def test_on_cuda_ctranslate2_says_why_it_cannot_run() -> None:
    with pytest.raises(EngineError, match=r"^CTranslate2 does not run on cuda: [^\n]+\.$"):
        WhisperRecognizer(locate("whisper-base"), "en", "cuda")
