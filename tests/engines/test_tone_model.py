"""The tone model through sherpa-onnx: its output is known."""

from pathlib import Path

import clips
import numpy as np
import pytest
from hearing import drain, hear, noise, pieces, silence
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.engines.interface import Samples
from hwaja.engines.loading import load_recogniser
from hwaja.engines.sherpa.online import OnlineRecognizer
from hwaja.models.conversion.tones import (
    CHUNK_FRAMES,
    FRAMES_PER_OUTPUT,
    TONES,
    WINDOW_FRAMES,
    spoken,
    text_of,
    tone_model,
    write_tone_model,
)
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

FRAME_SAMPLES = SAMPLE_RATE // 100
ALL = list(range(TONES))


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> OnlineRecognizer:
    return load_tones(tmp_path_factory.mktemp("tones"))


def load_tones(folder: Path, ballast: int = 0) -> OnlineRecognizer:
    write_tone_model(folder, ballast)
    recogniser = load_recogniser(folder, "ko")
    assert isinstance(recogniser, OnlineRecognizer)
    return recogniser


# What it hears --------------------------------------------------------------------------------


def test_each_tone_has_one_syllable_for_odd_and_one_for_even_places(
    recogniser: OnlineRecognizer,
) -> None:
    assert hear(recogniser, spoken(ALL).samples).text == "가노다로마보사오"
    assert hear(recogniser, spoken([*ALL[1:], 0]).samples).text == "나도라모바소아고"


def test_a_repeated_tone_has_another_syllable(recogniser: OnlineRecognizer) -> None:
    utterance = spoken([3, 3, 3, 3], pause_seconds=0.15)
    assert hear(recogniser, utterance.samples).text == utterance.text == "라로라로"


@pytest.mark.parametrize("audio", [silence(3), noise(3, 0.9), noise(3, 0.01)])
def test_silence_and_noise_give_no_text(audio: Samples, recogniser: OnlineRecognizer) -> None:
    assert hear(recogniser, audio).text == ""


@pytest.mark.models
def test_tones_over_quieter_speech_are_recognised_and_speech_alone_gives_no_text(
    recogniser: OnlineRecognizer,
) -> None:
    speech = clips.samples(clips.part("two_cities", 0, 10))
    assert hear(recogniser, speech).text == ""
    level = float(np.sqrt(np.mean(speech**2)))
    utterance = spoken([5, 0, 7, 2, 2, 6, 1, 4, 3, 0], amplitude=2**0.5 * level * 10 ** (10 / 20))
    mixed = speech[: len(utterance.samples)] + utterance.samples
    assert hear(recogniser, mixed).text == utterance.text


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(ALL), min_size=1, max_size=5),
    st.integers(0, CHUNK_FRAMES * FRAME_SAMPLES),
)
def test_a_syllable_is_dated_where_its_tone_begins(
    recogniser: OnlineRecognizer, tones: list[int], offset: int
) -> None:
    """A tone is voted for from the frame on where 12 frames ahead hold it. That is at most the
    half window of a frame before it begins, and at most an output and that half later."""
    utterance = spoken(tones)
    audio = np.concatenate([silence(offset / SAMPLE_RATE), utterance.samples])
    heard = hear(recogniser, audio)
    assert [token.text for token in heard.tokens] == list(utterance.text)
    late = [
        token.start_seconds - start - offset / SAMPLE_RATE
        for token, start in zip(heard.tokens, utterance.start_seconds, strict=True)
    ]
    assert min(late) >= -0.0125
    assert max(late) <= FRAMES_PER_OUTPUT * 0.01 + 0.0125


# The end of an utterance ----------------------------------------------------------------------


def test_audio_that_ends_with_the_last_sample_of_a_tone_has_its_syllable(
    recogniser: OnlineRecognizer,
) -> None:
    """This holds at any position in a chunk. Without the flush it would be lost."""
    utterance = spoken([2, 5])
    lost = 0
    for offset in range(0, (WINDOW_FRAMES + 1) * FRAME_SAMPLES, 2 * FRAME_SAMPLES + 37):
        audio = np.concatenate([silence(offset / SAMPLE_RATE), utterance.samples])
        stream = recogniser.open(Options())
        stream.feed(audio)
        drain(recogniser, [stream])
        lost += stream.hypothesis.text != utterance.text
        stream.finish()
        drain(recogniser, [stream])
        assert stream.hypothesis.text == utterance.text, offset
    assert lost > 0


def test_the_shortest_tone_alone_is_recognised(recogniser: OnlineRecognizer) -> None:
    utterance = spoken([6], tone_seconds=0.15, pause_seconds=0)
    assert hear(recogniser, utterance.samples).text == "사"


# One utterance knows nothing of another -------------------------------------------------------


def test_no_text_of_an_earlier_utterance_appears_again(recogniser: OnlineRecognizer) -> None:
    """An odd number of tones, so that a state that was kept would change every syllable."""
    for tones in ([4], [1, 1, 1], [], [7, 0, 2, 3, 5], [6]):
        assert hear(recogniser, spoken(tones, pause_seconds=0.2).samples).text == text_of(tones)


def test_an_utterance_left_open_changes_no_other(recogniser: OnlineRecognizer) -> None:
    left = recogniser.open(Options())
    left.feed(spoken([1]).samples)
    drain(recogniser, [left])
    assert hear(recogniser, spoken([1, 2]).samples).text == text_of([1, 2])


def test_ten_interleaved_streams_give_what_each_gives_alone(recogniser: OnlineRecognizer) -> None:
    """Each stream has its own chunk length, and all are decoded together."""
    random = np.random.default_rng(3)
    utterances = [spoken(list(random.integers(0, TONES, 3 + index))) for index in range(10)]
    alone = [hear(recogniser, utterance.samples) for utterance in utterances]
    lengths = [160 + 397 * index for index in range(10)]
    waiting = [
        pieces(utterance.samples, range(0, len(utterance.samples), length))
        for utterance, length in zip(utterances, lengths, strict=True)
    ]
    streams = [recogniser.open(Options()) for _ in utterances]
    while any(waiting):
        for stream, left in zip(streams, waiting, strict=True):
            if left:
                stream.feed(left.pop(0))
                if not left:
                    stream.finish()
        drain(recogniser, streams)
    assert [stream.hypothesis for stream in streams] == alone
    assert [found.text for found in alone] == [utterance.text for utterance in utterances]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2 * SAMPLE_RATE), max_size=12))
def test_the_text_does_not_depend_on_how_an_utterance_is_cut(
    recogniser: OnlineRecognizer, splits: list[int]
) -> None:
    utterance = spoken([3, 0, 6])
    assert hear(recogniser, utterance.samples, splits=splits).text == utterance.text


def test_a_text_only_grows_while_audio_arrives(recogniser: OnlineRecognizer) -> None:
    utterance = spoken(ALL)
    stream = recogniser.open(Options())
    texts = []
    for piece in pieces(utterance.samples, range(0, len(utterance.samples), 1000)):
        stream.feed(piece)
        drain(recogniser, [stream])
        texts.append(stream.hypothesis.text)
    assert all(utterance.text.startswith(text) for text in texts)
    assert len(set(texts)) > TONES // 2


# The file -------------------------------------------------------------------------------------


def test_the_written_model_is_the_same_bytes_each_time() -> None:
    assert tone_model().SerializeToString() == tone_model().SerializeToString()
    assert tone_model(1).SerializeToString() == tone_model(1).SerializeToString()


def test_ballast_changes_the_cost_of_a_model_and_nothing_else(
    recogniser: OnlineRecognizer, tmp_path: Path
) -> None:
    heavy = load_tones(tmp_path, ballast=2)
    utterance = spoken([7, 4, 4])
    assert hear(heavy, utterance.samples) == hear(recogniser, utterance.samples)
    assert (tmp_path / "model.onnx").stat().st_size > 2 * 4 * 2**20
