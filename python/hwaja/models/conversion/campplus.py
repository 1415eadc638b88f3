"""Converts CAM++ from 3D-Speaker's weights to the ONNX graph that sherpa-onnx runs.

The architecture is that of Wang et al., "CAM++: A Fast and Efficient Network for Speaker
Verification Using Context-Aware Masking", 2023: a small two-dimensional residual network, then a
densely connected time-delay network with context-aware masks, then statistics pooling over time.

Three things differ from a plain export. The frame features are pooled over windows as well as over
all frames, so that one pass gives the speaker embeddings over time. The mean over segments is a
matrix product, not an AveragePool: the onnxruntime inside sherpa-onnx computes AveragePool
differently at the last, shorter segment. And nothing follows the last normalisation, since the
weights were trained without it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hwaja.models.conversion import torchfile
from hwaja.models.conversion.graph import FLOAT, Graph
from hwaja.models.conversion.torchfile import StateDict
from hwaja.models.errors import ModelError

MELS = 80
EMBEDDING_DIM = 192
SEGMENT_FRAMES = 100
"""Length of the segments whose means are the local context (section 2.2 of the paper)."""

WINDOW_FRAMES = 24
"""Length of a window with its own embedding, in frames of 20 ms: 0.48 s.

Shorter windows locate a speaker change more exactly. Longer windows separate speakers better
(bench/RESULTS.md).
"""

HOP_FRAMES = 8
"""Distance of two windows, in frames of 20 ms: 0.16 s."""

FRAME_SAMPLES = 320
"""Audio per output frame of the network: two input frames of 10 ms."""

_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of each dense block (table 1)
_HEAD_STRIDES = ((2, 1), (2, 1))  # frequency strides of the residual blocks of both stages
_EPSILON = 1e-5  # PyTorch's default for BatchNorm, which CAM++ was trained with

Array = NDArray[np.float64]


def convert(members: Path, folder: Path) -> None:
    """Write campplus.onnx.

    Raises:
        ModelError: where the member is not the state dict of this CAM++ model.

    """
    state = torchfile.read((members / "campplus.pt").read_bytes())
    onnx.save(build(state), folder / "campplus.onnx")


def build(state: StateDict) -> Any:
    """Return the network as an ONNX model: x (N, T, 80) -> embedding (N, rows * 192), float32.

    The first row is the speaker embedding of all of x. Row 1 + k is the embedding of the window of
    24 frames (of T/2) whose middle is frame 8 k + 4. A window at an edge has fewer frames. T/2
    frames have T/16 windows, rounded up. All rows are in one axis, since sherpa-onnx returns the
    second axis at any length.
    """
    graph = _Network(state)
    x = graph.dense_layers(graph.head("x"))
    graph.pool(x)
    return graph.model(
        "campplus",
        inputs={"x": (FLOAT, ("N", "T", MELS))},
        outputs={"embedding": (FLOAT, ("N", "rows * 192"))},
        metadata={
            "framework": "3d-speaker",
            "language": "Chinese-English",
            "sample_rate": 16_000,
            "output_dim": EMBEDDING_DIM,
            "normalize_samples": 1,
            "feature_normalize_type": "global-mean",
            "window_samples": WINDOW_FRAMES * FRAME_SAMPLES,
            "hop_samples": HOP_FRAMES * FRAME_SAMPLES,
        },
    )


class _Network(Graph):
    """The network's graph."""

    def __init__(self, state: StateDict) -> None:
        super().__init__()
        self._state = state

    def head(self, x: str) -> str:
        """Apply the residual network; (N, T, 80) -> (N, channels, T/2)."""
        x = self.apply("Transpose", x, perm=[0, 2, 1])
        x = self.apply("Unsqueeze", x, self.constant([1]))
        x = self._square(x, "head.conv1", "head.bn1", 1)
        for stage, strides in enumerate(_HEAD_STRIDES, start=1):
            for index, stride in enumerate(strides):
                x = self._residual(x, f"head.layer{stage}.{index}", stride)
        x = self._square(x, "head.conv2", "head.bn2", 2)
        channels = self._weight("xvector.tdnn.linear.weight").shape[1]
        x = self.apply("Reshape", x, self.constant([0, channels, -1]))
        x = self._convolve(
            x, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", strides=[2], pads=[2, 2]
        )
        return self.apply("Relu", x)

    def dense_layers(self, x: str) -> str:
        """Apply the dense blocks; (N, channels, T) -> (N, other channels, T)."""
        context = self._context_matrix(x)
        for block, (layers, dilation) in enumerate(_BLOCKS, start=1):
            for layer in range(1, layers + 1):
                name = f"xvector.block{block}.tdnnd{layer}"
                x = self.apply("Concat", x, self._masked(x, name, dilation, context), axis=1)
            name = f"xvector.transit{block}"
            x = self._convolve(self._normalise(x, f"{name}.nonlinear.batchnorm"), f"{name}.linear")
        return self._normalise(x, "xvector.out_nonlinear.batchnorm")

    def pool(self, x: str) -> None:
        """Pool mean and deviation over all frames and over windows; project them to embeddings."""
        members = self._windows(self.axis_length(x, 2))
        counts = self.apply("ReduceSum", members, self.constant([0]), keepdims=1)
        shares = self.apply("Div", members, counts)
        # Relative to the overall mean: a window's variance is then no small difference of squares.
        middle = self.apply("ReduceMean", x, axes=[-1], keepdims=1)
        centred = self.apply("Sub", x, middle)
        offset = self.apply("MatMul", centred, shares)
        squares = self.apply("MatMul", self.apply("Mul", centred, centred), shares)
        spread = self.apply("Sub", squares, self.apply("Mul", offset, offset))
        # PyTorch's deviation divides by n - 1; a single frame has none.
        one, zero = self.constant(1.0), self.constant(0.0)
        fewer = self.apply("Max", self.apply("Sub", counts, one), one)
        variance = self.apply("Mul", spread, self.apply("Div", counts, fewer))
        deviation = self.apply("Sqrt", self.apply("Max", variance, zero))
        statistics = self.apply("Concat", self.apply("Add", offset, middle), deviation, axis=1)
        rows = self._convolve(
            statistics, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm"
        )
        rows = self.apply("Transpose", rows, perm=[0, 2, 1])
        self.apply("Reshape", rows, self.constant([0, -1]), output="embedding")

    def _windows(self, frames: str) -> str:
        """Return the frames of each row, (T, rows), of 0 and 1; the first row has all frames."""
        frames = self.apply("Squeeze", frames, self.constant([0]))
        zero, one, hop = self.constant(0), self.constant(1), self.constant(HOP_FRAMES)
        frame = self.apply("Range", zero, frames, one)
        middle = self.apply(
            "Add", self.apply("Range", zero, frames, hop), self.constant(HOP_FRAMES // 2)
        )
        # Twice the distance, since the middle of a frame lies at half a frame.
        after = self.apply("Add", self.apply("Mul", frame, self.constant(2)), one)
        twice = self.apply(
            "Sub", self._column(after), self._row(self.apply("Mul", middle, self.constant(2)))
        )
        inside = self.apply("Less", self.apply("Abs", twice), self.constant(WINDOW_FRAMES))
        windows = self.apply("Cast", inside, to=FLOAT)
        everywhere = self._column(self.apply("Cast", self.apply("Less", frame, frames), to=FLOAT))
        return self.apply("Concat", everywhere, windows, axis=1)

    def _column(self, vector: str) -> str:
        return self.apply("Unsqueeze", vector, self.constant([1]))

    def _row(self, vector: str) -> str:
        return self.apply("Unsqueeze", vector, self.constant([0]))

    def _residual(self, x: str, name: str, stride: int) -> str:
        y = self._square(x, f"{name}.conv1", f"{name}.bn1", stride)
        y = self._convolve(y, f"{name}.conv2", f"{name}.bn2", pads=[1] * 4)
        if f"{name}.shortcut.0.weight" in self._state:
            x = self._convolve(x, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=[stride, 1])
        return self.apply("Relu", self.apply("Add", x, y))

    def _masked(self, x: str, name: str, dilation: int, context: tuple[str, str]) -> str:
        """Apply one time-delay layer with a context-aware mask for each channel."""
        average, spread = context
        x = self._normalise(x, f"{name}.nonlinear1.batchnorm")
        x = self._convolve(x, f"{name}.linear1", f"{name}.nonlinear2.batchnorm")
        x = self.apply("Relu", x)
        local = self._convolve(
            x, f"{name}.cam_layer.linear_local", dilations=[dilation], pads=[dilation, dilation]
        )
        heard = self._convolve(self.apply("MatMul", x, average), f"{name}.cam_layer.linear1")
        mask = self._convolve(self.apply("Relu", heard), f"{name}.cam_layer.linear2")
        mask = self.apply("MatMul", self.apply("Sigmoid", mask), spread)
        return self.apply("Mul", local, mask)

    def _context_matrix(self, x: str) -> tuple[str, str]:
        """Return two matrices: (T, segments) averages over time, (segments, T) expands again.

        A column of the first gives the mean of one segment plus the mean of all frames.
        """
        scalar, one, segment = self.constant(0), self.constant(1), self.constant(SEGMENT_FRAMES)
        frames = self.apply("Squeeze", self.axis_length(x, 2), self.constant([0]))
        last = self.apply("Add", frames, self.constant(SEGMENT_FRAMES - 1))
        segments = self.apply("Range", scalar, self.apply("Div", last, segment), one)
        segment_of = self.apply("Div", self.apply("Range", scalar, frames, one), segment)
        member = self.apply("Equal", self._column(segment_of), self._row(segments))
        member = self.apply("Cast", member, to=FLOAT)
        counts = self.apply("ReduceSum", member, self.constant([0]), keepdims=1)
        of_segment = self.apply("Div", member, counts)
        of_all = self.apply("Reciprocal", self.apply("Cast", frames, to=FLOAT))
        average = self.apply("Add", of_segment, of_all)
        return average, self.apply("Transpose", member, perm=[1, 0])

    def _square(self, x: str, name: str, norm: str, stride: int) -> str:
        """Apply a 3 x 3 convolution, its normalisation and ReLU."""
        return self.apply("Relu", self._convolve(x, name, norm, strides=[stride, 1], pads=[1] * 4))

    def _convolve(self, x: str, name: str, norm: str | None = None, **attributes: Any) -> str:
        """Apply a convolution with the following normalisation folded into its weights."""
        kernel = self._weight(f"{name}.weight")
        bias = self._weight(f"{name}.bias") if f"{name}.bias" in self._state else None
        if norm is not None:
            scale, bias = self._affine(norm)
            kernel = kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1))
        arrays = [kernel] if bias is None else [kernel, bias]
        weights = [self.weight(array.astype(np.float32)) for array in arrays]
        return self.apply("Conv", x, *weights, kernel_shape=kernel.shape[2:], **attributes)

    def _normalise(self, x: str, name: str) -> str:
        """Apply a normalisation that follows no convolution, and ReLU."""
        scale, shift = (array.astype(np.float32)[:, None] for array in self._affine(name))
        scaled = self.apply("Mul", x, self.weight(scale))
        return self.apply("Relu", self.apply("Add", scaled, self.weight(shift)))

    def _affine(self, name: str) -> tuple[Array, Array]:
        """Return the scale and the shift of a trained BatchNorm."""
        mean, variance = self._weight(f"{name}.running_mean"), self._weight(f"{name}.running_var")
        scale = 1 / np.sqrt(variance + _EPSILON)
        if f"{name}.weight" not in self._state:
            return scale, -mean * scale
        scale = scale * self._weight(f"{name}.weight")
        return scale, self._weight(f"{name}.bias") - mean * scale

    def _weight(self, name: str) -> Array:
        if name not in self._state:
            raise ModelError(f"This CAM++ model has no {name}.")
        return self._state[name].astype(np.float64)
