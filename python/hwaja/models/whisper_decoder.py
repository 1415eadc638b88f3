"""Whisper's decoder as an ONNX graph: from tokens and encoder output to logits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwaja.models.graph import FLOAT, INT64
from hwaja.models.whisper_layers import Layers, Weights

_HIDDEN = -1e9  # a score with a weight of 0 after the softmax
_SELF_K, _SELF_V = "n_layer_self_k_cache", "n_layer_self_v_cache"
_ALIGNMENT = "cross_attention_weights"

Heads = Sequence[tuple[int, int]]
"""Cross-attention heads: layer and head of each."""


def decoder(weights: Weights, alignment_heads: Heads) -> Any:
    """Return the decoder as an ONNX model.

    Inputs: tokens (N, n); the caches of keys and values (layers, N, said, width); the encoder's
    n_layer_cross_k and n_layer_cross_v; offset (1,), the number of tokens in the cache, which may
    be longer. Outputs: logits (N, n, vocabulary); the caches with the new tokens appended;
    cross_attention_weights (N, alignment heads, n, positions), from which token times are computed.
    These are scores before the softmax.
    """
    graph = _Decoder(weights, alignment_heads)
    x = graph.embed()
    for index in range(weights.decoder_layers):
        x = graph.layer(x, index)
    x = graph.norm(x, "decoder/layer_norm")
    projection = graph.weight(weights["decoder/embeddings/weight"].T)
    graph.apply("MatMul", x, projection, output="logits")
    graph.keep(f"in_{_SELF_K}", graph.keys, f"out_{_SELF_K}")
    graph.keep(f"in_{_SELF_V}", graph.values, f"out_{_SELF_V}")
    graph.apply("Concat", *graph.alignment, output=_ALIGNMENT, axis=1)
    before, after = (
        (FLOAT, (weights.decoder_layers, "N", length, weights.width))
        for length in ("said", "said + n")
    )
    cross = (FLOAT, (weights.decoder_layers, "N", "positions", weights.width))
    return graph.model(
        "whisper_decoder",
        inputs={
            "tokens": (INT64, ("N", "n")),
            f"in_{_SELF_K}": before,
            f"in_{_SELF_V}": before,
            "n_layer_cross_k": cross,
            "n_layer_cross_v": cross,
            "offset": (INT64, (1,)),
        },
        outputs={
            "logits": (FLOAT, ("N", "n", weights.vocabulary)),
            f"out_{_SELF_K}": after,
            f"out_{_SELF_V}": after,
            _ALIGNMENT: (FLOAT, ("N", len(alignment_heads), "n", "positions")),
        },
        metadata={},
    )


class _Decoder(Layers):
    """The decoder's graph. It collects the layers' additions to the caches and to the alignment.

    A step decodes one token, and its cost is memory traffic: 48 MB of weights, and 6 MB of keys and
    values for 3 s of audio. So only the new token is split into heads. A cache grows with each step
    and does not have the length of the longest text from the start.
    """

    def __init__(self, weights: Weights, alignment_heads: Heads) -> None:
        super().__init__(weights)
        self._alignment_heads = alignment_heads
        self.alignment: list[str] = []
        self.keys: list[str] = []
        self.values: list[str] = []
        self._zero = self.constant([0])
        self._stop = self.apply("Add", "offset", self.axis_length("tokens", 1))
        self._mask = self._visible()
        self._own = self._own_part()

    def embed(self) -> str:
        """Return the sum of the tokens' embeddings and their position embeddings."""
        # The table stays in 16 bits, as the weights are published: half the memory.
        table = self.weight(self.weights.stored("decoder/embeddings/weight"))
        found = self.apply("Cast", self.apply("Gather", table, "tokens", axis=0), to=FLOAT)
        positions = self.weight(self.weights["decoder/position_encodings/encodings"])
        return self.apply("Add", found, self._slice(positions, "offset", self._stop, self._zero))

    def layer(self, x: str, index: int) -> str:
        """Apply layer `index`: self-attention, cross-attention, feed-forward."""
        layer = f"decoder/layer_{index}"
        x = self._attend_to_said(x, layer, index)
        x = self._attend_to_heard(x, layer, index)
        return self.feed_forward(x, layer)

    def keep(self, cache: str, new: list[str], output: str) -> None:
        """Append each layer's new keys or values to the first `offset` tokens of `cache`."""
        added = self.apply("Concat", *new, axis=0)
        before = self._slice(cache, self._zero, "offset", self.constant([2]))
        self.apply("Concat", before, added, output=output, axis=2)

    def _attend_to_said(self, x: str, layer: str, index: int) -> str:
        y = self.norm(x, f"{layer}/self_attention/layer_norm")
        parts = self.weights.split(f"{layer}/self_attention/linear_0", 3)
        query, key, value = (self.dense(y, *part) for part in parts)
        self.keys.append(self.apply("Unsqueeze", key, self._zero))
        self.values.append(self.apply("Unsqueeze", value, self._zero))
        keys = self._extend(f"in_{_SELF_K}", key, index)
        values = self._extend(f"in_{_SELF_V}", value, index)
        scores = self.apply("Add", self._scores(query, keys), self._mask)
        said = self._mix(scores, values)
        return self.apply("Add", x, self.linear(said, f"{layer}/self_attention/linear_1"))

    def _attend_to_heard(self, x: str, layer: str, index: int) -> str:
        query = self.linear(
            self.norm(x, f"{layer}/attention/layer_norm"), f"{layer}/attention/linear_0"
        )
        keys = self.apply("Gather", "n_layer_cross_k", self.constant(index), axis=0)
        values = self.apply("Gather", "n_layer_cross_v", self.constant(index), axis=0)
        scores = self._scores(query, keys)
        self._align(scores, index)
        heard = self._mix(scores, values)
        return self.apply("Add", x, self.linear(heard, f"{layer}/attention/linear_2"))

    def _extend(self, cache: str, new: str, index: int) -> str:
        """Return a layer's cached keys or values with the new ones appended."""
        ends = self.apply("Concat", self.constant([index + 1]), "offset", axis=0)
        starts, axes = self.constant([index, 0]), self.constant([0, 2])
        before = self.apply("Slice", cache, starts, ends, axes)
        return self.apply("Concat", self.apply("Squeeze", before, self._zero), new, axis=1)

    def _scores(self, query: str, keys: str) -> str:
        """Return Q K^T / sqrt(d), (N, n x heads, keys), without a transposition of the keys.

        Each head gets a query of the full width that is zero outside the head's part. This needs
        more multiplications for a few tokens, but no rearrangement in memory.
        """
        heads, width = self.weights.heads, self.weights.width
        scale = self.constant((width / heads) ** -0.5)
        query = self.apply("Mul", query, scale)
        query = self.apply("Mul", self.apply("Unsqueeze", query, self.constant([2])), self._own)
        query = self.apply("Reshape", query, self.constant([0, -1, width]))
        return self.apply("MatMul", query, self.apply("Transpose", keys, perm=[0, 2, 1]))

    def _mix(self, scores: str, values: str) -> str:
        """Return softmax(scores) V, where each head contributes only its part of the width."""
        heads, width = self.weights.heads, self.weights.width
        shares = self.apply("Softmax", scores, axis=-1)
        mixed = self.apply("MatMul", shares, values)
        mixed = self.apply("Reshape", mixed, self.constant([0, -1, heads, width]))
        return self.apply(
            "ReduceSum", self.apply("Mul", mixed, self._own), self.constant([2]), keepdims=0
        )

    def _align(self, scores: str, index: int) -> None:
        """Collect the scores of a layer's alignment heads."""
        heads = [head for layer, head in self._alignment_heads if layer == index]
        if heads:
            shape = self.apply(
                "Concat",
                self.constant([0, -1, self.weights.heads]),
                self.axis_length(scores, 2),
                axis=0,
            )
            apart = self.apply("Reshape", scores, shape)
            chosen = self.apply("Gather", apart, self.constant(heads), axis=2)
            self.alignment.append(self.apply("Transpose", chosen, perm=[0, 2, 1, 3]))

    def _own_part(self) -> str:
        """Return, for each head, ones in its part of the width and zeros elsewhere."""
        heads, width = self.weights.heads, self.weights.width
        return self.weight(np.repeat(np.eye(heads, dtype=np.float32), width // heads, axis=1))

    def _visible(self) -> str:
        """Return the causal mask: one row for each token and head."""
        positions = self.weights.text_positions
        table = self.weight(np.triu(np.full((positions, positions), _HIDDEN, np.float32), 1))
        rows = self._slice(table, "offset", self._stop, self._zero)
        rows = self._slice(rows, self._zero, self._stop, self.constant([1]))
        rows = self.apply("Unsqueeze", rows, self.constant([1]))
        rows = self.apply("Expand", rows, self.constant([1, self.weights.heads, 1]))
        shape = self.apply("Concat", self.constant([-1]), self._stop, axis=0)
        return self.apply("Reshape", rows, shape)

    def _slice(self, x: str, start: str, stop: str, axis: str) -> str:
        return self.apply("Slice", x, start, stop, axis)
