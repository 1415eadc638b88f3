"""Whisper's decoder: from tokens and what was heard to the next token's logits."""

from typing import Any

import numpy as np

from hwaja.models.graph import FLOAT, INT64
from hwaja.models.whisper_layers import Layers, Weights

_HIDDEN = -1e9  # a score that leaves nothing after the softmax
_SELF_K, _SELF_V = "n_layer_self_k_cache", "n_layer_self_v_cache"


def decoder(weights: Weights) -> Any:
    """Return the decoder as an ONNX model.

    tokens (N, n), the caches of keys and values (layers, N, positions, width), the encoder's
    n_layer_cross_k and n_layer_cross_v, and offset (1,), the number of tokens in the cache
    -> logits (N, n, vocabulary) and the caches with the new tokens written at the offset.
    """
    graph = _Decoder(weights)
    x = graph.embed()
    for index in range(weights.decoder_layers):
        x = graph.layer(x, index)
    x = graph.norm(x, "decoder/layer_norm")
    projection = graph.weight(weights["decoder/embeddings/weight"].T)
    graph.apply("MatMul", x, projection, output="logits")
    graph.apply("Concat", *graph.keys, output=f"out_{_SELF_K}", axis=0)
    graph.apply("Concat", *graph.values, output=f"out_{_SELF_V}", axis=0)
    cache = (FLOAT, (weights.decoder_layers, "N", weights.text_positions, weights.width))
    cross = (FLOAT, (weights.decoder_layers, "N", "T/2", weights.width))
    return graph.model(
        "whisper_decoder",
        inputs={
            "tokens": (INT64, ("N", "n")),
            f"in_{_SELF_K}": cache,
            f"in_{_SELF_V}": cache,
            "n_layer_cross_k": cross,
            "n_layer_cross_v": cross,
            "offset": (INT64, (1,)),
        },
        outputs={
            "logits": (FLOAT, ("N", "n", weights.vocabulary)),
            f"out_{_SELF_K}": cache,
            f"out_{_SELF_V}": cache,
        },
        metadata={},
    )


class _Decoder(Layers):
    """The decoder's graph; collects the caches that its layers write."""

    def __init__(self, weights: Weights) -> None:
        super().__init__(weights)
        self.keys: list[str] = []
        self.values: list[str] = []
        self._zero = self.constant([0])
        self._one = self.constant([1])
        self._stop = self.apply("Add", "offset", self.axis_length("tokens", 1))
        self._mask = self._visible()

    def embed(self) -> str:
        """Return the embeddings of the tokens, with their positions."""
        # The table stays in 16 bits, in which the weights are published: half the memory.
        table = self.weight(self.weights.stored("decoder/embeddings/weight"))
        found = self.apply("Cast", self.apply("Gather", table, "tokens", axis=0), to=FLOAT)
        positions = self.weight(self.weights["decoder/position_encodings/encodings"])
        return self.apply("Add", found, self._slice(positions, "offset", self._stop, self._zero))

    def layer(self, x: str, index: int) -> str:
        """Apply layer `index`: what was said, what was heard, feed-forward."""
        layer = f"decoder/layer_{index}"
        x = self._attend_to_said(x, layer, index)
        x = self._attend_to_heard(x, layer, index)
        return self.feed_forward(x, layer)

    def _attend_to_said(self, x: str, layer: str, index: int) -> str:
        y = self.norm(x, f"{layer}/self_attention/layer_norm")
        parts = self.weights.split(f"{layer}/self_attention/linear_0", 3)
        query, key, value = (self.dense(y, *part) for part in parts)
        keys, kept_keys = self._extend(f"in_{_SELF_K}", key, index)
        values, kept_values = self._extend(f"in_{_SELF_V}", value, index)
        self.keys.append(kept_keys)
        self.values.append(kept_values)
        said = self.attention(query, keys, values, self._mask)
        return self.apply("Add", x, self.linear(said, f"{layer}/self_attention/linear_1"))

    def _attend_to_heard(self, x: str, layer: str, index: int) -> str:
        query = self.linear(
            self.norm(x, f"{layer}/attention/layer_norm"), f"{layer}/attention/linear_0"
        )
        keys = self.apply("Gather", "n_layer_cross_k", self.constant(index), axis=0)
        values = self.apply("Gather", "n_layer_cross_v", self.constant(index), axis=0)
        heard = self.attention(query, keys, values)
        return self.apply("Add", x, self.linear(heard, f"{layer}/attention/linear_2"))

    def _extend(self, cache: str, new: str, index: int) -> tuple[str, str]:
        """Return a layer's keys or values so far, and its whole cache for the next call."""
        old = self.apply("Gather", cache, self.constant(index), axis=0)
        before = self._slice(old, self._zero, "offset", self._one)
        so_far = self.apply("Concat", before, new, axis=1)
        positions = self.constant([self.weights.text_positions])
        after = self._slice(old, self._stop, positions, self._one)
        whole = self.apply("Concat", so_far, after, axis=1)
        return so_far, self.apply("Unsqueeze", whole, self._zero)

    def _visible(self) -> str:
        """Return the mask that lets a token see itself and what came before."""
        positions = self.weights.text_positions
        table = self.weight(np.triu(np.full((positions, positions), _HIDDEN, np.float32), 1))
        rows = self._slice(table, "offset", self._stop, self._zero)
        return self._slice(rows, self._zero, self._stop, self._one)

    def _slice(self, x: str, start: str, stop: str, axis: str) -> str:
        return self.apply("Slice", x, start, stop, axis)
