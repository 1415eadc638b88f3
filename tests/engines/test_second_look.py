"""The second look at an utterance whose text is unsure: at its audio without reverberation."""

from collections.abc import Sequence
from dataclasses import replace

import clips
import numpy as np
import pytest
import rooms

from hwaja.engines.ctranslate2 import second_look
from hwaja.engines.ctranslate2.whisper import WhisperRecognizer
from hwaja.engines.dereverberation import without_reverberation
from hwaja.engines.interface import Samples, Utterance
from hwaja.engines.recognition import Candidate, Effort
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

pytestmark = pytest.mark.models

ONCE = Effort()
TWICE = replace(ONCE, looks_twice=True)


@pytest.fixture(scope="module")
def ours() -> WhisperRecognizer:
    return WhisperRecognizer(locate("whisper-base"), "en")


@pytest.fixture
def dried(monkeypatch: pytest.MonkeyPatch) -> list[Samples]:
    """The audio of the second looks, as the recogniser left it."""
    found: list[Samples] = []

    def noted(samples: Samples) -> Samples:
        found.append(without_reverberation(samples))
        return found[-1]

    monkeypatch.setattr(second_look, "without_reverberation", noted)
    return found


def far(start: float, stop: float, seed: int) -> Samples:
    """Speech at the other end of a bare room."""
    speech = clips.samples(clips.part("two_cities", start, stop))
    wet = rooms.reverberant(rooms.reverberant(speech, seed), seed + 10)
    return np.asarray(wet / (2 * np.abs(wet).max()), np.float32)


SPRING, EVERYTHING = far(17, 21, seed=1), far(21, 26, seed=0)


def test_a_text_that_is_unsure_is_read_again_without_the_reverberation(
    ours: WhisperRecognizer,
) -> None:
    for samples, words in (
        (SPRING, "it was the winter of despair"),
        (EVERYTHING, "We had everything before us, we had nothing before us."),
    ):
        assert words not in ours.recognise(Utterance(samples, effort=ONCE)).text
        found = ours.recognise(Utterance(samples, effort=TWICE))
        assert words in found.text
        assert "".join(token.text for token in found.tokens).strip() == found.text


def test_a_text_that_is_sure_and_what_is_written_of_noise_get_no_second_look(
    ours: WhisperRecognizer, dried: list[Samples]
) -> None:
    noise = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE, np.float32) / 30
    sure = clips.samples(clips.part("two_cities", 0, 6))
    for samples in (sure, noise.astype(np.float32)):
        utterance = Utterance(samples, effort=TWICE)
        assert ours.recognise(utterance) == ours.recognise(replace(utterance, effort=ONCE))
    assert dried == []


def test_the_text_of_the_first_look_stays_if_it_is_chosen(ours: WhisperRecognizer) -> None:
    first = ours.recognise(Utterance(SPRING, effort=ONCE))

    def choose(candidates: Sequence[Candidate], _language: str) -> int:
        texts = [each.text for each in candidates]
        return texts.index(first.text) if first.text in texts else 0

    assert ours.recognise(Utterance(SPRING, effort=TWICE, choose=choose)) == first


def test_two_looks_are_offered_with_the_likelier_one_first(ours: WhisperRecognizer) -> None:
    offered: list[list[float]] = []

    def choose(candidates: Sequence[Candidate], _language: str) -> int:
        offered.append([each.log_probability for each in candidates])
        return 0

    ours.recognise(Utterance(SPRING, effort=TWICE, choose=choose))
    *beams, looks = offered
    assert [len(each) for each in beams] == [TWICE.beam_size] * 2
    assert len(looks) == 2
    assert looks == sorted(looks, reverse=True)


def test_the_second_look_hears_the_language_that_the_first_one_detected(
    ours: WhisperRecognizer,
) -> None:
    named, detected = (
        ours.recognise(Utterance(SPRING, Options(language=language), TWICE))
        for language in ("en", "auto")
    )
    assert detected == named


def test_utterances_in_one_call_are_looked_at_as_each_is_alone(ours: WhisperRecognizer) -> None:
    sure = clips.samples(clips.part("two_cities", 0, 6))
    utterances = [Utterance(each, effort=TWICE) for each in (SPRING, sure, EVERYTHING)]
    together = [each.text for each in ours.recognise_batch(utterances)]
    assert together == [ours.recognise(each).text for each in utterances]


def test_the_audio_of_a_second_look_is_overwritten(
    ours: WhisperRecognizer, dried: list[Samples]
) -> None:
    ours.recognise(Utterance(SPRING, effort=TWICE))
    assert len(dried) == 1
    assert not dried[0].any()
    assert SPRING.any()


def test_the_first_text_stays_and_the_audio_is_overwritten_where_the_second_look_fails(
    ours: WhisperRecognizer, dried: list[Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = ours._encode

    def failing(audio: Sequence[Samples], context_seconds: float) -> second_look.Encoded:
        if dried:
            raise ValueError
        return encode(audio, context_seconds)

    first = ours.recognise(Utterance(SPRING, effort=ONCE))
    monkeypatch.setattr(ours, "_encode", failing)
    assert ours.recognise(Utterance(SPRING, effort=TWICE)) == first
    assert not dried[0].any()
