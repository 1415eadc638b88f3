"""VoxLock by its form: a small model with the same inputs and outputs."""

from pathlib import Path

import extraction_models
import numpy as np
import onnx
import pytest

from hwaja.engines.interface import VOICE_SAMPLES, EngineError, Samples
from hwaja.engines.voxlock import HOP_SAMPLES, MIN_SAMPLES, VoxLock


def noise(samples: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, samples).astype(np.float32)


VOICE = noise(VOICE_SAMPLES, seed=1)


@pytest.mark.parametrize("samples", [MIN_SAMPLES, 511, 512, 16_000, 100 * HOP_SAMPLES, 40_001])
def test_frames_are_joined_to_audio_of_the_same_length(samples: int, tmp_path: Path) -> None:
    """The model returns what it hears, at minus twice the level."""
    heard = noise(samples)
    extracted = VoxLock(extraction_models.write(tmp_path)).extract(heard, VOICE)
    assert extracted.dtype == np.float32
    np.testing.assert_allclose(extracted, heard, atol=1e-5)


def test_the_state_is_handed_on_within_one_audio_and_not_to_the_next(tmp_path: Path) -> None:
    """The model adds a little with each call; a call has 100 frames."""
    extractor = VoxLock(extraction_models.write(tmp_path, drift=extraction_models.DRIFT))
    heard = noise(250 * HOP_SAMPLES)
    for _ in range(2):
        added = extractor.extract(heard, VOICE) - heard
        for number, place in enumerate((50, 150, 230)):
            expected = number * extraction_models.DRIFT
            assert added[place * HOP_SAMPLES] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("heard", "voice"),
    [(noise(MIN_SAMPLES - 1), VOICE), (noise(16_000), VOICE[1:]), (np.full(999, np.nan), VOICE)],
)
def test_audio_that_it_cannot_use_is_refused(
    heard: Samples, voice: Samples, tmp_path: Path
) -> None:
    extractor = VoxLock(extraction_models.write(tmp_path))
    with pytest.raises(EngineError):
        extractor.extract(heard.astype(np.float32), voice)
    assert len(extractor.extract(noise(16_000), VOICE)) == 16_000


def test_a_folder_without_both_files_or_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"must have one file enroll\*\.onnx; it has 0"):
        VoxLock(tmp_path)
    folder = extraction_models.write(tmp_path / "doubled")
    onnx.save(onnx.load(folder / "chunk_int8.onnx"), folder / "chunk.onnx")
    with pytest.raises(EngineError, match="it has 2"):
        VoxLock(folder)
    folder = extraction_models.write(tmp_path / "swapped")
    onnx.save(onnx.load(folder / "enroll.onnx"), folder / "chunk_int8.onnx")
    with pytest.raises(EngineError, match="not a model of the form of VoxLock"):
        VoxLock(folder)
