"""Speaker segmentation of real speech: the speakers of each frame."""

from pathlib import Path

import clips
import numpy as np
import pytest
from numpy.typing import NDArray

from hwaja.client.sound_files import load_pcm16
from hwaja.engines.interface import HOP_SAMPLES, EngineError, Samples
from hwaja.engines.segmentation import (
    FRAME_CENTRE_SAMPLES,
    FRAME_STEP_SAMPLES,
    MIN_SAMPLES,
    RECEPTIVE_FIELD_SAMPLES,
    SPEAKERS,
    Segmenter,
)
from hwaja.models import locate
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import segmenter_file

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "speech" / "librispeech"
PART_SAMPLES = 4 * SAMPLE_RATE
TOLERANCE_SECONDS = 0.3

Mask = NDArray[np.bool_]


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(segmenter_file())


def reader(number: str) -> Samples:
    """The first clip of a LibriSpeech reader. Without the clips the test is skipped."""
    files = sorted((SPEECH / "librispeech_test-other" / number).glob("*.flac"))
    if not files:
        pytest.skip(f"{SPEECH} is not there: it is kept beside the repository, not in it")
    return clips.samples(load_pcm16(files[0]))


def speaking(segmenter: Segmenter, samples: Samples) -> Mask:
    """Whether each of the three voices speaks, (frames, 3)."""
    members = np.array([[k in who for k in range(3)] for who in SPEAKERS], np.float32)
    return np.asarray(segmenter.segment(samples) @ members > 0.5)


def change_seconds(speaks: Mask) -> list[float]:
    """Where the voice that speaks alone is another than the one before."""
    alone = np.flatnonzero(speaks.sum(axis=1) == 1)
    voices = speaks[alone].argmax(axis=1)
    later = np.flatnonzero(np.diff(voices))
    middles = (alone[later] + alone[later + 1]) / 2 * FRAME_STEP_SAMPLES + FRAME_CENTRE_SAMPLES
    return [float(middle) / SAMPLE_RATE for middle in middles]


@pytest.mark.models
@pytest.mark.parametrize(
    ("one", "other"), [("2609", "1998"), ("1998", "2609"), ("2414", "2033"), ("2033", "2414")]
)
def test_the_change_between_two_readers_is_found(
    segmenter: Segmenter, one: str, other: str
) -> None:
    first, second = reader(one)[-PART_SAMPLES:], reader(other)[:PART_SAMPLES]
    found = change_seconds(speaking(segmenter, np.concatenate([first, second])))
    assert found == [pytest.approx(len(first) / SAMPLE_RATE, abs=TOLERANCE_SECONDS)]


@pytest.mark.models
def test_overlapping_voices_are_detected_as_two(segmenter: Segmenter) -> None:
    first, second = reader("2609")[-PART_SAMPLES:], reader("1998")[:PART_SAMPLES]
    over = PART_SAMPLES // 2
    both = np.concatenate([first[:-over], first[-over:] + second[:over], second[over:]])
    twice = np.flatnonzero(speaking(segmenter, both).sum(axis=1) >= 2)
    seconds = (twice * FRAME_STEP_SAMPLES + FRAME_CENTRE_SAMPLES) / SAMPLE_RATE
    assert len(twice) * FRAME_STEP_SAMPLES / SAMPLE_RATE > 0.5
    assert 2 - TOLERANCE_SECONDS < seconds.min() < seconds.max() < 4 + TOLERANCE_SECONDS


@pytest.mark.models
@pytest.mark.parametrize("index", [0, 1])
def test_one_voice_with_pauses_is_detected_as_one(segmenter: Segmenter, index: int) -> None:
    speaks = speaking(segmenter, clips.samples(clips.voices()[index]))
    assert speaks.any(axis=0).sum() == 1


@pytest.mark.models
def test_no_speaker_is_detected_in_silence(segmenter: Segmenter) -> None:
    quiet = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32) / 1000
    assert not speaking(segmenter, quiet).any()


@pytest.mark.models
@pytest.mark.parametrize("length", [MIN_SAMPLES, 1600, 16_000, 29 * SAMPLE_RATE + 1])
def test_every_whole_frame_has_probabilities_that_add_up_to_1(
    segmenter: Segmenter, length: int
) -> None:
    samples = np.resize(clips.samples(clips.clip("beckett")), length)
    found = segmenter.segment(samples)
    frames = 1 + (length - RECEPTIVE_FIELD_SAMPLES) // FRAME_STEP_SAMPLES
    assert found.shape == (frames, len(SPEAKERS))
    assert found.dtype == np.float32
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.models
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.zeros(MIN_SAMPLES - 1, np.float32),
        np.zeros(16_000, np.int16),
        np.zeros((1, 16_000), np.float32),
        np.zeros(32_000, np.float32)[::2],
        np.full(16_000, np.nan, np.float32),
    ],
    ids=["none", "short", "integers", "two dimensions", "strided", "not finite"],
)
def test_invalid_audio_is_refused_and_the_next_call_works(
    segmenter: Segmenter, samples: Samples
) -> None:
    with pytest.raises(EngineError):
        segmenter.segment(samples)
    assert len(segmenter.segment(np.zeros(MIN_SAMPLES, np.float32))) == 2


@pytest.mark.models
def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(EngineError, match="is not the segmentation model hwaja expects"):
        Segmenter(locate("silero-vad") / "silero_vad.onnx")


def test_a_file_that_is_no_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"segmentation\.onnx cannot be loaded: \w+\.$"):
        Segmenter(tmp_path / "segmentation.onnx")


# How much of each hop two voices share


def mixed(one: Samples, other: Samples, over: int) -> Samples:
    """Two voices of which the second begins `over` samples before the first one ends."""
    return np.concatenate([one[:-over], one[-over:] + other[:over], other[over:]])


@pytest.mark.models
@pytest.mark.parametrize(("one", "other"), [("2609", "1998"), ("1998", "2609")])
def test_hops_with_two_voices_have_overlap(segmenter: Segmenter, one: str, other: str) -> None:
    first, second = reader(one)[-PART_SAMPLES:], reader(other)[:PART_SAMPLES]
    shared = segmenter.overlap(mixed(first, second, PART_SAMPLES // 2))
    seconds = (np.flatnonzero(shared > 0.5) + 0.5) * HOP_SAMPLES / SAMPLE_RATE
    assert len(seconds) * HOP_SAMPLES / SAMPLE_RATE > 0.5
    assert 2 - TOLERANCE_SECONDS < seconds.min() < seconds.max() < 4 + TOLERANCE_SECONDS


@pytest.mark.models
@pytest.mark.parametrize("number", ["1998", "2033", "2414", "2609"])
def test_a_single_reader_has_almost_no_overlap(segmenter: Segmenter, number: str) -> None:
    shared = segmenter.overlap(reader(number)[:PART_SAMPLES])
    assert shared.sum() * HOP_SAMPLES / SAMPLE_RATE < 0.1


@pytest.mark.models
def test_two_speakers_in_turns_have_no_overlap(segmenter: Segmenter) -> None:
    first, second = reader("2609")[-PART_SAMPLES:], reader("1998")[:PART_SAMPLES]
    assert segmenter.overlap(np.concatenate([first, second])).sum() * 0.16 < 0.2


@pytest.mark.models
@pytest.mark.parametrize(
    "samples", [MIN_SAMPLES, HOP_SAMPLES, HOP_SAMPLES + 1, 10 * HOP_SAMPLES, 29 * SAMPLE_RATE + 1]
)
def test_every_hop_has_an_overlap_value_even_in_silence(segmenter: Segmenter, samples: int) -> None:
    shared = segmenter.overlap(np.zeros(samples, np.float32))
    assert shared.shape == (-(-samples // HOP_SAMPLES),)
    assert shared.dtype == np.float32
    assert not shared.any()


@pytest.mark.models
def test_overlap_is_a_share_of_a_hop(segmenter: Segmenter) -> None:
    first, second = reader("2609")[-PART_SAMPLES:], reader("1998")[:PART_SAMPLES]
    shared = segmenter.overlap(first + second)
    assert 0 <= shared.min() < 0.5 < shared.max() <= 1


@pytest.mark.models
def test_audio_too_short_for_an_overlap_is_refused(segmenter: Segmenter) -> None:
    with pytest.raises(EngineError, match="too little audio"):
        segmenter.overlap(np.zeros(MIN_SAMPLES - 1, np.float32))
