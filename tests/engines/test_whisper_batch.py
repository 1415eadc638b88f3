"""Several utterances in one call of Whisper: as if each was decoded alone."""

from collections.abc import Sequence

import clips
import numpy as np
import pytest

from hwaja.engines.ctranslate2.whisper import WhisperRecognizer
from hwaja.engines.interface import EngineError, Utterance
from hwaja.engines.recognition import BATCH_SIZES, Candidate, Effort
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Hotword, Options

pytestmark = pytest.mark.models

BEAM = Effort(beam_size=5, context_seconds=16.0)
GREEDY = Effort(beam_size=1, context_seconds=16.0)
"""Contexts that are longer than any of the utterances: all of them have the same length."""


@pytest.fixture(scope="module")
def ours() -> WhisperRecognizer:
    return WhisperRecognizer(locate("whisper-base"), "en")


def spoken(
    clip: str, start: float, stop: float, options: Options, effort: Effort = BEAM
) -> Utterance:
    return Utterance(clips.samples(clips.part(clip, start, stop)), options, effort)


def silent(seconds: float) -> Utterance:
    return Utterance(np.zeros(round(seconds * SAMPLE_RATE), np.float32), Options(), BEAM)


UTTERANCES = [
    spoken("two_cities", 1, 3, Options()),
    spoken("two_cities", 3, 10, Options(language="auto")),
    spoken("beckett", 0, 4.4, Options(hotwords=(Hotword("Fayled", 10.0),))),
    spoken("two_cities", 1, 4, Options(language="ko")),
    spoken("beckett", 6.2, 9.5, Options(), GREEDY),
    silent(1.0),
    spoken("two_cities", 10, 21, Options(), GREEDY),
]


def test_utterances_in_one_call_get_the_texts_that_each_gets_alone(
    ours: WhisperRecognizer,
) -> None:
    """Whatever their lengths, languages, hotwords and efforts."""
    alone = [ours.recognise(each) for each in UTTERANCES]
    together = ours.recognise_batch(UTTERANCES)
    assert len({each.text for each in alone}) == len(UTTERANCES)
    assert "Fayled" in alone[2].text
    for one, other in zip(alone, together, strict=True):
        assert (other.text, other.language) == (one.text, one.language)
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert other.no_speech_probability == pytest.approx(one.no_speech_probability, abs=1e-4)


def test_the_words_of_a_batch_have_the_times_and_probabilities_that_they_have_alone(
    ours: WhisperRecognizer,
) -> None:
    """Nearly: sums over more tokens are rounded differently, and int8 makes that visible."""
    alone = [ours.recognise(each).tokens for each in UTTERANCES]
    together = [each.tokens for each in ours.recognise_batch(UTTERANCES)]
    for one, other in zip(alone, together, strict=True):
        assert [token.text for token in other] == [token.text for token in one]
        for token, expected in zip(other, one, strict=True):
            assert token.start_seconds == pytest.approx(expected.start_seconds, abs=0.05)
            assert token.probability == pytest.approx(expected.probability, abs=0.1)


def test_each_utterance_is_offered_its_own_candidates(ours: WhisperRecognizer) -> None:
    offered: dict[int, list[str]] = {}

    def utterance(number: int, start: float) -> Utterance:
        def take_last(candidates: Sequence[Candidate], _language: str) -> int:
            offered[number] = [each.text for each in candidates]
            return len(candidates) - 1

        samples = clips.samples(clips.part("two_cities", start, start + 3))
        return Utterance(samples, Options("ko"), Effort(beam_size=3), take_last)

    found = ours.recognise_batch([utterance(0, 1), utterance(1, 4)])
    assert [len(offered[number]) for number in (0, 1)] == [3, 3]
    assert not set(offered[0]) & set(offered[1])
    assert [each.text for each in found] == [offered[0][-1], offered[1][-1]]


def test_a_batch_with_invalid_audio_fails_and_the_rest_can_be_decoded(
    ours: WhisperRecognizer,
) -> None:
    good = UTTERANCES[0]
    for damaged in (silent(30), silent(0.01), Utterance(good.samples * np.nan, Options())):
        with pytest.raises(EngineError):
            ours.recognise_batch([good, damaged])
    with pytest.raises(EngineError):
        ours.recognise_batch([good, Utterance(good.samples, Options("xx"))])
    assert ours.recognise_batch([good])[0].text != ""


def test_the_size_of_a_batch_is_that_of_the_device_unless_it_is_given(
    ours: WhisperRecognizer,
) -> None:
    assert ours.abilities.batch_size == BATCH_SIZES["cpu"] == 1
    assert BATCH_SIZES["cuda"] > 1
    assert WhisperRecognizer(locate("whisper-base"), "en", batch_size=4).abilities.batch_size == 4
