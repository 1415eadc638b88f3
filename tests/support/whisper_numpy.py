"""Whisper written down plainly, one utterance at a time and without a cache, to compare with."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from model_files import Tensors
from numpy.typing import NDArray

Array = NDArray[np.float64]

erf: Callable[[Array], Array] = np.vectorize(math.erf)


class PlainWhisper:
    """A Whisper model of CTranslate2's tensors."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
        self._heads = int(self._tensors["encoder/num_heads"])
        self.looks: dict[int, Array] = {}
        """Scores of what each decoder layer looked at last, (heads, tokens, time)."""

    def encode(self, mel: Array, layers: int, counts: Mapping[int, int] | None = None) -> Array:
        """Return what is heard, (positions, width), in (mels, 2 x time).

        With `counts` only at some positions, each of which counts so many times.
        """
        x = self._convolve(self._convolve(mel, "encoder/conv1", 1), "encoder/conv2", 2).T
        x = x + self._tensors["encoder/position_encodings/encodings"][: len(x)]
        counts = dict.fromkeys(range(len(x)), 1) if counts is None else counts
        x = x[list(counts)]
        often = np.log(list(counts.values()))
        for index in range(layers):
            layer = f"encoder/layer_{index}"
            x = x + self._attend_to_itself(x, f"{layer}/self_attention", often)
            x = x + self._feed_forward(x, f"{layer}/ffn")
        return self._norm(x, "encoder/layer_norm")

    def cross(self, heard: Array, index: int) -> list[Array]:
        """Return the keys and values of a decoder layer's attention to what is heard."""
        both = self._dense(heard, f"decoder/layer_{index}/attention/linear_1")
        return np.split(both, 2, axis=-1)

    def decode(self, tokens: list[int], heard: Array, layers: int) -> Array:
        """Return the logits after each token."""
        embeddings = self._tensors["decoder/embeddings/weight"]
        positions = self._tensors["decoder/position_encodings/encodings"]
        x = embeddings[tokens] + positions[: len(tokens)]
        mask = np.triu(np.full((len(tokens),) * 2, -np.inf), 1)
        for index in range(layers):
            layer = f"decoder/layer_{index}"
            x = x + self._attend_to_itself(x, f"{layer}/self_attention", mask)
            y = self._norm(x, f"{layer}/attention/layer_norm")
            query = self._dense(y, f"{layer}/attention/linear_0")
            keys, values = self.cross(heard, index)
            self.looks[index] = np.stack(self._scores(query, keys))
            y = self._attend(query, keys, values, None)
            x = x + self._dense(y, f"{layer}/attention/linear_2")
            x = x + self._feed_forward(x, f"{layer}/ffn")
        return self._norm(x, "decoder/layer_norm") @ embeddings.T

    def _attend_to_itself(self, x: Array, layer: str, mask: Array | None) -> Array:
        fused = self._dense(self._norm(x, f"{layer}/layer_norm"), f"{layer}/linear_0")
        return self._dense(self._attend(*np.split(fused, 3, axis=-1), mask), f"{layer}/linear_1")

    def _attend(self, query: Array, key: Array, value: Array, mask: Array | None) -> Array:
        mixed = []
        parts = np.split(value, self._heads, axis=-1)
        for scores, v in zip(self._scores(query, key), parts, strict=True):
            hidden = scores + (0 if mask is None else mask)
            shares = np.exp(hidden - hidden.max(axis=-1, keepdims=True))
            mixed.append(shares / shares.sum(axis=-1, keepdims=True) @ v)
        return np.concatenate(mixed, axis=-1)

    def _scores(self, query: Array, key: Array) -> list[Array]:
        parts = (np.split(each, self._heads, axis=-1) for each in (query, key))
        return [q @ k.T / math.sqrt(q.shape[-1]) for q, k in zip(*parts, strict=True)]

    def _feed_forward(self, x: Array, layer: str) -> Array:
        hidden = self._dense(self._norm(x, f"{layer}/layer_norm"), f"{layer}/linear_0")
        return self._dense(_gelu(hidden), f"{layer}/linear_1")

    def _convolve(self, x: Array, layer: str, stride: int) -> Array:
        padded = np.pad(x, ((0, 0), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
        y = np.einsum("oik,itk->ot", self._tensors[f"{layer}/weight"], windows)
        return _gelu(y + self._tensors[f"{layer}/bias"][:, None])

    def _norm(self, x: Array, layer: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * self._tensors[f"{layer}/gamma"] + self._tensors[f"{layer}/beta"]

    def _dense(self, x: Array, layer: str) -> Array:
        return x @ self._tensors[f"{layer}/weight"].T + self._tensors[f"{layer}/bias"]


def _gelu(x: Array) -> Array:
    return x / 2 * (1 + erf(x / math.sqrt(2)))
