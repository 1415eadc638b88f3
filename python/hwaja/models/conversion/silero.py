"""Converts Silero VAD v6 to a graph that processes many frames of many streams in one call.

The published graph processes one frame, supports two sample rates, and reorders the LSTM's weights
in each call. Only the LSTM depends on earlier frames. So the new graph computes all other layers
for all frames together.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from hwaja.models.conversion.graph import FLOAT, INT32, Graph, lstm_gates
from hwaja.models.errors import ModelError

FILE = "silero_vad.onnx"

INPUT_SAMPLES = 576
"""A frame of 512 samples and the 64 samples before it, as v6 was trained."""

WIDTH = 128
"""Units of the LSTM."""

_BINS = 129  # bins of the Fourier transform of 256 samples: 256 / 2 + 1
_STRIDES = (1, 2, 2, 1)  # strides of the four convolutions after the Fourier transform
_MIRRORED_SAMPLES = 64

Weights = Mapping[str, NDArray[np.float32]]


def convert(members: Path, folder: Path) -> None:
    """Write the graph for 16 kHz.

    Args:
        members: a folder with the published `FILE`.
        folder: the folder for the result.

    Raises:
        ModelError: where the file is not Silero VAD v6.

    """
    onnx.save(_graph(_weights(members / FILE)), folder / FILE)


def _weights(file: Path) -> Weights:
    """Return the weights of the branch for 16 kHz, by layer name."""
    try:
        nodes = onnx.load(file).graph.node
        (rates,) = (node for node in nodes if node.op_type == "If")
        (branch,) = (each.g for each in rates.attribute if each.name == "then_branch")
    except Exception as error:
        raise ModelError(f"{file.name} is not Silero VAD v6.") from error
    return {
        node.output[0].rpartition("__")[2]: numpy_helper.to_array(node.attribute[0].t)
        for node in branch.node
        if node.op_type == "Constant"
    }


def _graph(weights: Weights) -> Any:
    """Return the graph.

    Inputs: frames (N, n, 576); lengths (N,), the number of frames of each stream; state (2, N,
    128). Outputs: probabilities (N, n), which are undefined beyond a stream's length; the next
    state.
    """
    graph = Graph()
    try:
        features = _features(graph, weights)
        lstm_output = _lstm(graph, weights, features)
        last = weights["decoder.decoder.2.weight"][:, :, 0].T
        bias = graph.weight(weights["decoder.decoder.2.bias"])
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"{FILE} does not have all weights of Silero VAD v6.") from error
    x = graph.apply("MatMul", graph.apply("Relu", lstm_output), graph.weight(last))
    x = graph.apply("Sigmoid", graph.apply("Add", x, bias))
    x = graph.apply("Squeeze", x, graph.constant([2]))
    graph.apply("Transpose", x, output="probabilities", perm=[1, 0])
    state = (FLOAT, (2, "N", WIDTH))
    return graph.model(
        "silero_vad",
        inputs={
            "frames": (FLOAT, ("N", "n", INPUT_SAMPLES)),
            "lengths": (INT32, ("N",)),
            "state": state,
        },
        outputs={"probabilities": (FLOAT, ("N", "n")), "next_state": state},
        metadata={},
    )


def _features(graph: Graph, weights: Weights) -> str:
    """Return the features of each frame, without context, (n, N, width)."""
    x = graph.apply("Reshape", "frames", graph.constant([-1, 1, INPUT_SAMPLES]))
    pads = graph.constant([0, 0, 0, 0, 0, _MIRRORED_SAMPLES])
    x = graph.apply("Pad", x, pads, mode="reflect")
    basis = weights["stft.forward_basis_buffer"]
    hop = basis.shape[2] // 2
    x = graph.apply("Conv", x, graph.weight(basis), kernel_shape=[2 * hop], strides=[hop])
    axis, middle = graph.constant([1]), graph.constant([_BINS])
    end = graph.constant([2 * _BINS])
    halves = (
        graph.apply("Slice", x, graph.constant([0]), middle, axis),
        graph.apply("Slice", x, middle, end, axis),
    )
    squares = [graph.apply("Mul", half, half) for half in halves]
    x = graph.apply("Sqrt", graph.apply("Add", *squares))
    for index, stride in enumerate(_STRIDES):
        layer = f"encoder.{index}.reparam_conv"
        weight, bias = (graph.weight(weights[f"{layer}.{part}"]) for part in ("weight", "bias"))
        x = graph.apply("Conv", x, weight, bias, kernel_shape=[3], pads=[1, 1], strides=[stride])
        x = graph.apply("Relu", x)
    shape = graph.apply("Shape", "frames")
    shape = graph.apply("Slice", shape, graph.constant([0]), graph.constant([2]))
    shape = graph.apply("Concat", shape, graph.constant([WIDTH]), axis=0)
    return graph.apply("Transpose", graph.apply("Reshape", x, shape), perm=[1, 0, 2])


def _lstm(graph: Graph, weights: Weights, features: str) -> str:
    """Apply the LSTM to the features; return its output, (n, N, width), and keep its next state."""
    kernels = [
        graph.weight(lstm_gates(weights[f"decoder.rnn.weight_{kind}"])[np.newaxis])
        for kind in ("ih", "hh")
    ]
    biases = [lstm_gates(weights[f"decoder.rnn.bias_{kind}"]) for kind in ("ih", "hh")]
    zero, one, two = (graph.constant([number]) for number in range(3))
    said, kept = (
        graph.apply("Slice", "state", *bounds, zero) for bounds in ((zero, one), (one, two))
    )
    lstm_output = graph.apply(
        "LSTM",
        features, *kernels, graph.weight(np.concatenate(biases)[np.newaxis]), "lengths", said, kept,
        others=("said", "kept"), hidden_size=WIDTH,
    )  # fmt: skip
    graph.apply("Concat", "said", "kept", output="next_state", axis=0)
    return graph.apply("Squeeze", lstm_output, one)
