"""The Silero converter, on random weights."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from model_fixtures import convert
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_runs import session

from hwaja.models import ModelError
from hwaja.models.conversion import silero

Array = NDArray[np.float64]

SHAPES = {
    "stft.forward_basis_buffer": (258, 1, 256),
    "encoder.0.reparam_conv.weight": (128, 129, 3),
    "encoder.0.reparam_conv.bias": (128,),
    "encoder.1.reparam_conv.weight": (64, 128, 3),
    "encoder.1.reparam_conv.bias": (64,),
    "encoder.2.reparam_conv.weight": (64, 64, 3),
    "encoder.2.reparam_conv.bias": (64,),
    "encoder.3.reparam_conv.weight": (128, 64, 3),
    "encoder.3.reparam_conv.bias": (128,),
    "decoder.rnn.weight_ih": (512, 128),
    "decoder.rnn.weight_hh": (512, 128),
    "decoder.rnn.bias_ih": (512,),
    "decoder.rnn.bias_hh": (512,),
    "decoder.decoder.2.weight": (1, 128, 1),
    "decoder.decoder.2.bias": (1,),
}


def weights() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    return {
        name: (2 * rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:] or 16))).astype(
            np.float32
        )
        for name, shape in SHAPES.items()
    }


def published(weights: dict[str, NDArray[np.float32]]) -> bytes:
    """A file in which the weights lie where the published one has them."""

    def branch(name: str, content: dict[str, NDArray[np.float32]]) -> onnx.GraphProto:
        nodes = [
            helper.make_node("Constant", [], [f"If_0__{k}"], value=numpy_helper.from_array(v))
            for k, v in content.items()
        ]
        nodes.append(helper.make_node("Identity", ["input"], [name]))
        return helper.make_graph(
            nodes, name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)]
        )

    rates = helper.make_node(
        "If",
        ["is_16k"],
        ["out"],
        then_branch=branch("then", weights),
        else_branch=branch("else", {}),
    )
    graph = helper.make_graph([rates], "published", [], [])
    return helper.make_model(graph).SerializeToString()


class PlainSilero:
    """A plain implementation of the network, frame by frame."""

    def __init__(self) -> None:
        self._weights = {name: array.astype(np.float64) for name, array in weights().items()}
        self._said, self._kept = np.zeros(128), np.zeros(128)

    def hear(self, frame: Array) -> float:
        w = self._weights
        padded = np.concatenate([frame, frame[-2:-66:-1]])
        windows = np.stack([padded[k * 128 :][:256] for k in range(4)])
        waves = windows @ w["stft.forward_basis_buffer"][:, 0].T
        x = np.hypot(waves[:, :129], waves[:, 129:]).T
        for index, stride in enumerate((1, 2, 2, 1)):
            layer = f"encoder.{index}.reparam_conv"
            around = np.pad(x, ((0, 0), (1, 1)))
            near = np.stack([around[:, t : t + 3] for t in range(0, x.shape[1], stride)])
            y = np.einsum("oik,tik->ot", w[f"{layer}.weight"], near)
            x = np.maximum(0, y + w[f"{layer}.bias"][:, None])
        gates = w["decoder.rnn.weight_ih"] @ x[:, 0] + w["decoder.rnn.bias_ih"]
        gates += w["decoder.rnn.weight_hh"] @ self._said + w["decoder.rnn.bias_hh"]
        into, forget, cell, out = np.split(gates, 4)
        self._kept = _sigmoid(forget) * self._kept + _sigmoid(into) * np.tanh(cell)
        self._said = _sigmoid(out) * np.tanh(self._kept)
        last = w["decoder.decoder.2.weight"][0, :, 0] @ np.maximum(0, self._said)
        return float(_sigmoid(last + w["decoder.decoder.2.bias"])[0])


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def test_the_graph_computes_what_the_network_is_defined_to_compute(tmp_path: Path) -> None:
    """Of two streams with different numbers of frames, in two calls that hand the state on."""
    convert(silero, {silero.FILE: published(weights())}, tmp_path)
    run = session(tmp_path / silero.FILE).run
    rng = np.random.default_rng(1)
    frames = rng.standard_normal((2, 7, silero.INPUT_SAMPLES)).astype(np.float32)
    state = np.zeros((2, 2, silero.WIDTH), np.float32)
    found: list[list[float]] = [[], []]
    for first, lengths in ((0, (3, 4)), (4, (3, 1))):
        inputs = {
            "frames": frames[:, first : first + max(lengths)],
            "lengths": np.array(lengths, np.int32),
            "state": state,
        }
        probabilities, state = run(None, inputs)
        for stream, length in enumerate(lengths):
            found[stream] += probabilities[stream, :length].tolist()
    for stream, heard in enumerate(((0, 1, 2, 4, 5, 6), (0, 1, 2, 3, 4))):
        plain = PlainSilero()
        expected = [plain.hear(frames[stream, k].astype(np.float64)) for k in heard]
        assert found[stream] == pytest.approx(expected, abs=1e-4)
        assert np.ptp(expected) > 0.01  # they do differ


@pytest.mark.parametrize(
    "content",
    [b"junk", helper.make_model(helper.make_graph([], "none", [], [])).SerializeToString()],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match="is not Silero VAD v6"):
        convert(silero, {silero.FILE: content}, tmp_path)


@pytest.mark.parametrize("missing", sorted(SHAPES))
def test_a_model_without_a_weight_is_refused(tmp_path: Path, missing: str) -> None:
    lacking = {name: array for name, array in weights().items() if name != missing}
    with pytest.raises(ModelError, match="does not have all weights"):
        convert(silero, {silero.FILE: published(lacking)}, tmp_path)
