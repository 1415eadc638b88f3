"""The converter of pyannote's segmentation, on a model with random weights."""

from pathlib import Path

import numpy as np
import pytest
from model_files import state_dict_file
from model_fixtures import convert
from onnx_runs import Array, session
from pyannote_numpy import PlainPyannote, random_tensors

from hwaja.models import ModelError
from hwaja.models.conversion import pyannote

TENSORS = random_tensors()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    convert(pyannote, {"segmentation.pt": state_dict_file(TENSORS, checkpoint=True)}, folder)
    return folder / "segmentation.onnx"


def speechlike(*shape: int) -> Array:
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32) / 10


@pytest.mark.parametrize("length", [1261, 1600, 5000, 16_123])
def test_the_graph_computes_the_network_for_any_length(model: Path, length: int) -> None:
    samples = speechlike(length)
    (found,) = session(model).run(None, {"samples": samples[None]})
    expected = PlainPyannote(TENSORS).segment(samples.astype(np.float64))
    assert found.shape == (1, *expected.shape)
    np.testing.assert_allclose(found[0], expected, atol=2e-4)
    assert np.ptp(expected, axis=0).max() > 0.05  # the frames do differ


def test_each_clip_of_a_batch_is_segmented_like_a_single_one(model: Path) -> None:
    samples = speechlike(2, 4000)
    (together,) = session(model).run(None, {"samples": samples})
    for k in range(2):
        (alone,) = session(model).run(None, {"samples": samples[[k]]})
        np.testing.assert_allclose(together[[k]], alone, atol=1e-5)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    other = state_dict_file({"layer.weight": np.zeros((2, 2), "<f4")})
    with pytest.raises(ModelError, match=r"has no sincnet\.wav_norm1d\.weight"):
        convert(pyannote, {"segmentation.pt": other}, tmp_path)
    assert not list(tmp_path.iterdir())
