"""Converts pyannote segmentation-3.0 from its checkpoint to an ONNX graph.

The architecture is that of Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware
resegmentation", 2021: the filters of SincNet and two convolutions, four bidirectional LSTM layers,
two linear layers. The classes are those of Plaquet and Bredin, "Powerset multi-class cross entropy
loss for neural speaker diarization", 2023.

SincNet learns the lower cutoff frequency and the bandwidth of each filter. The filters depend only
on these, so this module computes them once, and an ordinary convolution applies them.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hwaja.models.conversion import torchfile
from hwaja.models.conversion.graph import FLOAT, Graph, lstm_gates
from hwaja.models.conversion.torchfile import StateDict
from hwaja.models.errors import ModelError

SAMPLE_RATE = 16_000
CLASSES = 7
"""Number of classes: nobody, each of three speakers, each pair of them."""

FILTER_SAMPLES = 251
FILTER_STRIDE = 10
_POOL = 3  # a max pooling of this width and stride follows every convolution
_LEAST_HZ = 50  # added to the learned cutoff and to the learned bandwidth of a filter
_LAYERS = 4  # LSTM layers
_UNITS = 128  # units per direction
_LEAK = 0.01  # PyTorch's default for LeakyReLU, which the model was trained with
_EPSILON = 1e-5  # PyTorch's default for InstanceNorm, likewise

Array = NDArray[np.float64]


def convert(members: Path, folder: Path) -> None:
    """Write segmentation.onnx.

    Raises:
        ModelError: where the member is not a checkpoint of this model.

    """
    state = torchfile.read((members / "segmentation.pt").read_bytes())
    onnx.save(build(state), folder / "segmentation.onnx")


def build(state: StateDict) -> Any:
    """Return the network as an ONNX model.

    The input is samples (N, T), float32, 16 kHz, T at least 991. The output is probabilities
    (N, frames, 7), float32, which sum to 1 in each frame.
    """
    graph = _Network(state)
    x = graph.recurrent_layers(graph.sincnet("samples"))
    graph.classify(x)
    return graph.model(
        "pyannote-segmentation",
        inputs={"samples": (FLOAT, ("N", "T"))},
        outputs={"probabilities": (FLOAT, ("N", "frames", CLASSES))},
        metadata={"sample_rate": SAMPLE_RATE},
    )


class _Network(Graph):
    """The network's graph."""

    def __init__(self, state: StateDict) -> None:
        super().__init__()
        self._state = state

    def sincnet(self, samples: str) -> str:
        """Apply the filters and convolutions; (N, T) -> (N, 60, frames)."""
        x = self.apply("Unsqueeze", samples, self.constant([1]))
        x = self._normalise(x, "sincnet.wav_norm1d")
        kernel = self.weight(self._filters().astype(np.float32))
        x = self.apply("Conv", x, kernel, strides=[FILTER_STRIDE])
        x = self._pool(self.apply("Abs", x), "sincnet.norm1d.0")
        for layer in (1, 2):
            x = self.apply("Conv", x, *self._affine(f"sincnet.conv1d.{layer}"))
            x = self._pool(x, f"sincnet.norm1d.{layer}")
        return x

    def recurrent_layers(self, x: str) -> str:
        """Apply the LSTM; (N, 60, frames) -> (frames, N, 256)."""
        x = self.apply("Transpose", x, perm=[2, 0, 1])
        for layer in range(_LAYERS):
            forward, backward = f"l{layer}", f"l{layer}_reverse"
            kernels = [
                self.weight(np.stack([self._gates(f"{kind}_{way}") for way in (forward, backward)]))
                for kind in ("weight_ih", "weight_hh")
            ]
            biases = [
                np.concatenate([self._gates(f"bias_ih_{way}"), self._gates(f"bias_hh_{way}")])
                for way in (forward, backward)
            ]
            x = self.apply(
                "LSTM",
                x, *kernels, self.weight(np.stack(biases)),
                hidden_size=_UNITS, direction="bidirectional",
            )  # fmt: skip
            # (frames, directions, N, units): put the directions of a frame side by side.
            x = self.apply("Transpose", x, perm=[0, 2, 1, 3])
            x = self.apply("Reshape", x, self.constant([0, 0, 2 * _UNITS]))
        return x

    def classify(self, x: str) -> None:
        """Apply the linear layers; (frames, N, 256) -> probabilities (N, frames, 7)."""
        x = self.apply("Transpose", x, perm=[1, 0, 2])
        for layer in (0, 1):
            x = self.apply("LeakyRelu", self._linear(x, f"linear.{layer}"), alpha=_LEAK)
        x = self._linear(x, "classifier")
        self.apply("Softmax", x, axis=-1, output="probabilities")

    def _filters(self) -> Array:
        """Return the filters, shape (80, 1, 251): the cosines of all bands, then their sines.

        A filter is the windowed mean of the waves of all frequencies in its band.
        """
        bank = "sincnet.conv1d.0.filterbank"
        low = _LEAST_HZ + np.abs(self._weight(f"{bank}.low_hz_"))
        width = _LEAST_HZ + np.abs(self._weight(f"{bank}.band_hz_"))
        high = np.minimum(low + width, SAMPLE_RATE / 2)
        seconds = (np.arange(FILTER_SAMPLES) - FILTER_SAMPLES // 2) / SAMPLE_RATE
        waves = np.exp(1j * np.pi * (low + high) * seconds) * np.sinc((high - low) * seconds)
        waves *= np.hamming(FILTER_SAMPLES)
        return np.concatenate([waves.real, waves.imag])[:, None]

    def _pool(self, x: str, norm: str) -> str:
        x = self.apply("MaxPool", x, kernel_shape=[_POOL], strides=[_POOL])
        return self.apply("LeakyRelu", self._normalise(x, norm), alpha=_LEAK)

    def _normalise(self, x: str, name: str) -> str:
        return self.apply("InstanceNormalization", x, *self._affine(name), epsilon=_EPSILON)

    def _linear(self, x: str, name: str) -> str:
        kernel = self.weight(self._weight(f"{name}.weight").T.astype(np.float32))
        bias = self.weight(self._weight(f"{name}.bias").astype(np.float32))
        return self.apply("Add", self.apply("MatMul", x, kernel), bias)

    def _affine(self, name: str) -> list[str]:
        """Add the weight and the bias of a layer."""
        kinds = ("weight", "bias")
        return [self.weight(self._weight(f"{name}.{kind}").astype(np.float32)) for kind in kinds]

    def _gates(self, name: str) -> NDArray[np.float32]:
        return lstm_gates(self._weight(f"lstm.{name}").astype(np.float32))

    def _weight(self, name: str) -> Array:
        if name not in self._state:
            raise ModelError(f"This segmentation model has no {name}.")
        return self._state[name].astype(np.float64)
