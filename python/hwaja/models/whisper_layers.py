"""The weights and layers that Whisper's encoder and decoder share."""

import math

import numpy as np
from numpy.typing import NDArray

from hwaja.models.ct2 import Tensors
from hwaja.models.errors import ModelError
from hwaja.models.graph import Graph

Matrix = NDArray[np.float32]

_EPSILON = 1e-5  # PyTorch's default for LayerNorm, which Whisper was trained with


class Weights:
    """The tensors and the dimensions of a Whisper model."""

    def __init__(self, tensors: Tensors) -> None:
        """Store tensors by their names in CTranslate2.

        Raises:
            ModelError: where a tensor is missing whose shape gives a dimension.

        """
        self._tensors = tensors
        self.width, self.mels = self.shape("encoder/conv1/weight")[:2]
        self.heads = int(self["encoder/num_heads"])
        self.vocabulary = self.shape("decoder/embeddings/weight")[0]
        self.text_positions = self.shape("decoder/position_encodings/encodings")[0]
        self.encoder_layers = self._count("encoder")
        self.decoder_layers = self._count("decoder")

    def __getitem__(self, name: str) -> Matrix:
        """Return a tensor as float32."""
        return self.stored(name).astype(np.float32)

    def stored(self, name: str) -> NDArray[np.generic]:
        """Return a tensor as it is stored."""
        if name not in self._tensors:
            raise ModelError(f"This Whisper model has no {name}.")
        return self._tensors[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        return self.stored(name).shape

    def split(self, layer: str, parts: int) -> list[tuple[Matrix, Matrix | None]]:
        """Return weight and bias of each part of a fused linear layer; the bias may be None."""
        weights = np.split(self[f"{layer}/weight"], parts)
        biases = np.split(self[f"{layer}/bias"], parts)
        return [(w, b if b.any() else None) for w, b in zip(weights, biases, strict=True)]

    def _count(self, side: str) -> int:
        parts = (name.split("/") for name in self._tensors if name.startswith(f"{side}/layer_"))
        return len({part[1] for part in parts if part[1].removeprefix("layer_").isdecimal()})


class Layers(Graph):
    """A graph with the layers of a transformer."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.weights = weights

    def dense(self, x: str, weight: Matrix, bias: Matrix | None) -> str:
        """Return x W^T + b."""
        product = self.apply("MatMul", x, self.weight(weight.T))
        return product if bias is None else self.apply("Add", product, self.weight(bias))

    def linear(self, x: str, layer: str) -> str:
        """Apply a linear layer by its name."""
        return self.dense(x, self.weights[f"{layer}/weight"], self.weights[f"{layer}/bias"])

    def norm(self, x: str, layer: str) -> str:
        """Apply a layer normalisation by its name."""
        gamma = self.weight(self.weights[f"{layer}/gamma"])
        beta = self.weight(self.weights[f"{layer}/beta"])
        return self.apply("LayerNormalization", x, gamma, beta, axis=-1, epsilon=_EPSILON)

    def gelu(self, x: str) -> str:
        """Return x/2 (1 + erf(x/sqrt 2)), in the form that onnxruntime fuses into one operator."""
        erf = self.apply("Erf", self.apply("Div", x, self.constant(math.sqrt(2))))
        half = self.apply("Mul", x, self.constant(0.5))
        return self.apply("Mul", half, self.apply("Add", erf, self.constant(1.0)))

    def feed_forward(self, x: str, layer: str) -> str:
        """Add the feed-forward part of a layer to `x`."""
        hidden = self.linear(self.norm(x, f"{layer}/ffn/layer_norm"), f"{layer}/ffn/linear_0")
        return self.apply("Add", x, self.linear(self.gelu(hidden), f"{layer}/ffn/linear_1"))
