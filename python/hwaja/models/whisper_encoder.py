"""Whisper's encoder: from mel frames to the keys and values of every cross-attention."""

from collections.abc import Mapping
from typing import Any

from hwaja.models.graph import FLOAT
from hwaja.models.whisper_layers import Layers, Weights


def encoder(weights: Weights, metadata: Mapping[str, object]) -> Any:
    """Return the encoder as an ONNX model.

    mel (N, mels, T) -> n_layer_cross_k, n_layer_cross_v (layers, N, T/2, width), float32; T is
    free, so that short audio costs little.
    """
    graph = Layers(weights)
    x = _convolve(graph, "mel", "encoder/conv1", stride=1)
    x = _convolve(graph, x, "encoder/conv2", stride=2)
    x = graph.apply("Transpose", x, perm=[0, 2, 1])
    positions = graph.weight(weights["encoder/position_encodings/encodings"])
    zero = graph.constant([0])
    x = graph.apply("Add", x, graph.apply("Slice", positions, zero, graph.axis_length(x, 1), zero))
    for index in range(weights.encoder_layers):
        x = _layer(graph, x, f"encoder/layer_{index}")
    x = graph.norm(x, "encoder/layer_norm")
    _cross_attention(graph, x)
    shape = (weights.decoder_layers, "N", "T/2", weights.width)
    return graph.model(
        "whisper_encoder",
        inputs={"mel": (FLOAT, ("N", weights.mels, "T"))},
        outputs={"n_layer_cross_k": (FLOAT, shape), "n_layer_cross_v": (FLOAT, shape)},
        metadata=metadata,
    )


def _convolve(graph: Layers, x: str, layer: str, stride: int) -> str:
    weight = graph.weight(graph.weights[f"{layer}/weight"])
    bias = graph.weight(graph.weights[f"{layer}/bias"])
    y = graph.apply("Conv", x, weight, bias, kernel_shape=[3], pads=[1, 1], strides=[stride])
    return graph.gelu(y)


def _layer(graph: Layers, x: str, layer: str) -> str:
    y = graph.norm(x, f"{layer}/self_attention/layer_norm")
    parts = graph.weights.split(f"{layer}/self_attention/linear_0", 3)
    query, key, value = (graph.dense(y, *part) for part in parts)
    heard = graph.linear(_attend(graph, query, key, value), f"{layer}/self_attention/linear_1")
    return graph.feed_forward(graph.apply("Add", x, heard), layer)


def _attend(graph: Layers, query: str, key: str, value: str) -> str:
    """Return softmax(Q K^T / sqrt(d)) V over the heads; all (N, time, width)."""
    scale = graph.constant((graph.weights.width / graph.weights.heads) ** -0.5)
    q = _heads(graph, graph.apply("Mul", query, scale), [0, 2, 1, 3])
    scores = graph.apply("MatMul", q, _heads(graph, key, [0, 2, 3, 1]))
    shares = graph.apply("Softmax", scores, axis=-1)
    mixed = graph.apply("MatMul", shares, _heads(graph, value, [0, 2, 1, 3]))
    mixed = graph.apply("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.apply("Reshape", mixed, graph.constant([0, -1, graph.weights.width]))


def _heads(graph: Layers, x: str, order: list[int]) -> str:
    heads = graph.weights.heads
    shape = graph.constant([0, -1, heads, graph.weights.width // heads])
    return graph.apply("Transpose", graph.apply("Reshape", x, shape), perm=order)


def _cross_attention(graph: Layers, x: str) -> None:
    """Compute, once for all tokens, what the decoder's layers attend to."""
    keys, values = [], []
    for index in range(graph.weights.decoder_layers):
        key, value = graph.weights.split(f"decoder/layer_{index}/attention/linear_1", 2)
        first = graph.constant([0])
        keys.append(graph.apply("Unsqueeze", graph.dense(x, *key), first))
        values.append(graph.apply("Unsqueeze", graph.dense(x, *value), first))
    graph.apply("Concat", *keys, output="n_layer_cross_k", axis=0)
    graph.apply("Concat", *values, output="n_layer_cross_v", axis=0)
