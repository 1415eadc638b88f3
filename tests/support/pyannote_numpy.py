"""pyannote's segmentation network written down plainly, for one recording, to compare with."""

import numpy as np
from model_files import Tensors
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE = 16_000


class PlainPyannote:
    """A segmentation model of PyTorch's tensors."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def segment(self, samples: Array) -> Array:
        """Return the probabilities, (frames, 7)."""
        x = self._norm(samples[None], "sincnet.wav_norm1d")
        x = self._pool(np.abs(convolve(x, self.filters()[:, None], stride=10)), 0)
        for layer in (1, 2):
            name = f"sincnet.conv1d.{layer}"
            bias = self._tensors[f"{name}.bias"][:, None]
            x = self._pool(convolve(x, self._tensors[f"{name}.weight"], stride=1) + bias, layer)
        x = x.T
        for layer in range(4):
            later = self._lstm(x[::-1], f"l{layer}_reverse")[::-1]
            x = np.concatenate([self._lstm(x, f"l{layer}"), later], axis=1)
        for layer in (0, 1):
            x = leak(self._dense(x, f"linear.{layer}"))
        scores = np.exp(self._dense(x, "classifier"))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    def filters(self) -> Array:
        """Return the filters, (80, 251), as the difference of two low passes."""
        bank = "sincnet.conv1d.0.filterbank"
        low = 50 + np.abs(self._tensors[f"{bank}.low_hz_"])
        high = np.clip(low + 50 + np.abs(self._tensors[f"{bank}.band_hz_"]), 50, RATE / 2)
        phase = 2 * np.pi * np.arange(1, 126) / RATE
        cosines = (np.sin(high * phase) - np.sin(low * phase)) / (phase * (high - low))
        sines = (np.cos(low * phase) - np.cos(high * phase)) / (phase * (high - low))
        one, nothing = np.ones((40, 1)), np.zeros((40, 1))
        even = np.concatenate([cosines[:, ::-1], one, cosines], axis=1)
        odd = np.concatenate([-sines[:, ::-1], nothing, sines], axis=1)
        return np.concatenate([even, odd]) * np.hamming(251)

    def _pool(self, x: Array, layer: int) -> Array:
        whole = x[:, : x.shape[1] // 3 * 3]
        return leak(self._norm(whole.reshape(len(x), -1, 3).max(axis=2), f"sincnet.norm1d.{layer}"))

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=1, keepdims=True)
        x = centred / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        weight, bias = (self._tensors[f"{name}.{kind}"][:, None] for kind in ("weight", "bias"))
        return np.asarray(x * weight + bias)

    def _lstm(self, x: Array, way: str) -> Array:
        weight_ih, weight_hh, bias_ih, bias_hh = (
            self._tensors[f"lstm.{kind}_{way}"]
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        hidden = cell = np.zeros(128)
        found = []
        for frame in x:
            gates = weight_ih @ frame + bias_ih + weight_hh @ hidden + bias_hh
            keep_new, forget, new, output = np.split(gates, 4)
            cell = sigmoid(forget) * cell + sigmoid(keep_new) * np.tanh(new)
            hidden = sigmoid(output) * np.tanh(cell)
            found.append(hidden)
        return np.stack(found)

    def _dense(self, x: Array, name: str) -> Array:
        return np.asarray(x @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"])


def convolve(x: Array, kernel: Array, stride: int) -> Array:
    """Return (outputs, time) of (inputs, time) and a kernel (outputs, inputs, width)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2], axis=1)[:, ::stride]
    return np.asarray(np.einsum("itw,oiw->ot", windows, kernel))


def leak(x: Array) -> Array:
    return np.where(x > 0, x, 0.01 * x)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def random_tensors(seed: int = 0) -> Tensors:
    """Draw the tensors of a whole model, as its checkpoint names them."""
    rng = np.random.default_rng(seed)
    tensors: Tensors = {}

    def draw(name: str, *shape: int, spread: float = 0.2) -> None:
        tensors[name] = (spread * rng.standard_normal(shape)).astype("<f4")

    def linear(name: str, *shape: int) -> None:
        draw(f"{name}.weight", *shape)
        draw(f"{name}.bias", shape[0])

    def norm(name: str, channels: int) -> None:
        draw(f"{name}.weight", channels, spread=1)
        draw(f"{name}.bias", channels)

    norm("sincnet.wav_norm1d", 1)
    draw("sincnet.conv1d.0.filterbank.low_hz_", 40, 1, spread=4000)  # of either sign
    draw("sincnet.conv1d.0.filterbank.band_hz_", 40, 1, spread=2000)
    linear("sincnet.conv1d.1", 60, 80, 5)
    linear("sincnet.conv1d.2", 60, 60, 5)
    for layer, channels in enumerate((80, 60, 60)):
        norm(f"sincnet.norm1d.{layer}", channels)
    for layer in range(4):
        for way in (f"l{layer}", f"l{layer}_reverse"):
            draw(f"lstm.weight_ih_{way}", 512, 256 if layer else 60)
            draw(f"lstm.weight_hh_{way}", 512, 128)
            draw(f"lstm.bias_ih_{way}", 512)
            draw(f"lstm.bias_hh_{way}", 512)
    linear("linear.0", 128, 256)
    linear("linear.1", 128, 128)
    linear("classifier", 7, 128)
    return tensors
