"""Whisper's encoder as an ONNX graph: from mel frames to cross-attention keys and values."""

import math
from collections.abc import Mapping
from typing import Any

from hwaja.models.graph import FLOAT
from hwaja.models.whisper_layers import Layers, Weights

POSITIONS = 1500
"""Encoder positions of 20 ms each: 30 s (section 2.2 of the paper)."""

DENSE_FRAMES = 100
"""Frames of silence, 10 ms each, that keep all their positions, since the text ends there."""

STRIDE = 4
"""In the silence after that, one of so many positions is kept (bench/RESULTS.md)."""

SILENCE_BELOW_PEAK = 2.0
"""Whisper's spectrogram reaches 8 powers of ten below its loudest bin, divided by 4."""

WITH_SILENCE, CONVOLVED, PLACED, COUNTS = "with_silence", "convolved", "placed", "counts"
"""Names of values in the graph by which tests access its parts."""

_EDGE_FRAMES = 4  # frames that the convolutions mix with their zero padding at the end


def encoder(weights: Weights, metadata: Mapping[str, object]) -> Any:
    """Return the encoder as an ONNX model.

    Input: mel (N, mels, T). Outputs: n_layer_cross_k, n_layer_cross_v (layers, N, positions,
    width), float32.

    Whisper was trained on windows of 30 s, mostly silence, and makes more errors on shorter ones.
    But silence does not need a position every 20 ms. So the graph pads the audio to 30 s itself. It
    adds `DENSE_FRAMES` frames of silence with all positions. For the rest, it adds one position in
    `STRIDE`, which counts `STRIDE` times in the softmax.
    """
    graph = Layers(weights)
    x, silent = _hear(graph)
    near = graph.axis_length(x, 1)
    every = graph.constant(1)
    dense = graph.apply("Range", graph.constant(0), graph.apply("Squeeze", near), every)
    first = graph.apply("Add", graph.apply("Squeeze", near), graph.constant(STRIDE // 2))
    sparse = graph.apply("Range", first, graph.constant(POSITIONS), graph.constant(STRIDE))
    far = graph.apply("Shape", sparse)
    shape = graph.apply("Concat", graph.constant([1]), far, graph.constant([1]), axis=0)
    x = graph.apply("Concat", x, graph.apply("Expand", silent, shape), axis=1)
    table = graph.weight(weights["encoder/position_encodings/encodings"])
    places = graph.apply("Concat", dense, sparse, axis=0)
    x = graph.apply("Add", x, graph.apply("Gather", table, places, axis=0), output=PLACED)
    once = graph.apply("Expand", graph.constant([0.0]), near)
    often = graph.apply("Expand", graph.constant([math.log(STRIDE)]), far)
    counts = graph.apply("Concat", once, often, output=COUNTS, axis=0)
    for index in range(weights.encoder_layers):
        x = _layer(graph, x, f"encoder/layer_{index}", counts)
    x = graph.norm(x, "encoder/layer_norm")
    _cross_attention(graph, x)
    shape_of_heard = (weights.decoder_layers, "N", "positions", weights.width)
    return graph.model(
        "whisper_encoder",
        inputs={"mel": (FLOAT, ("N", weights.mels, "T"))},
        outputs={
            "n_layer_cross_k": (FLOAT, shape_of_heard),
            "n_layer_cross_v": (FLOAT, shape_of_heard),
        },
        metadata={**metadata, "adds_silence": 1},
    )


def _hear(graph: Layers) -> tuple[str, str]:
    """Return the positions of audio and dense silence, (N, n, width), and one of silence."""
    loudest = graph.apply("ReduceMax", "mel", axes=[1, 2], keepdims=1)
    silence = graph.apply("Sub", loudest, graph.constant(SILENCE_BELOW_PEAK))
    form = graph.constant([1, graph.weights.mels, DENSE_FRAMES + _EDGE_FRAMES])
    behind = graph.apply("Expand", silence, form)
    x = graph.apply("Concat", "mel", behind, output=WITH_SILENCE, axis=2)
    x = _convolve(graph, x, "encoder/conv1", stride=1)
    x = _convolve(graph, x, "encoder/conv2", stride=2)
    x = graph.apply("Transpose", x, output=CONVOLVED, perm=[0, 2, 1])
    end, axis = graph.constant([-(_EDGE_FRAMES // 2)]), graph.constant([1])
    x = graph.apply("Slice", x, graph.constant([0]), end, axis)
    last = graph.apply("Slice", x, graph.constant([-1]), graph.constant([POSITIONS]), axis)
    # At 30 s a few frames too many may exist; they are silence.
    return graph.apply("Slice", x, graph.constant([0]), graph.constant([POSITIONS]), axis), last


def _convolve(graph: Layers, x: str, layer: str, stride: int) -> str:
    weight = graph.weight(graph.weights[f"{layer}/weight"])
    bias = graph.weight(graph.weights[f"{layer}/bias"])
    y = graph.apply("Conv", x, weight, bias, kernel_shape=[3], pads=[1, 1], strides=[stride])
    return graph.gelu(y)


def _layer(graph: Layers, x: str, layer: str, counts: str) -> str:
    y = graph.norm(x, f"{layer}/self_attention/layer_norm")
    parts = graph.weights.split(f"{layer}/self_attention/linear_0", 3)
    query, key, value = (graph.dense(y, *part) for part in parts)
    heard = graph.linear(
        _attend(graph, query, key, value, counts), f"{layer}/self_attention/linear_1"
    )
    return graph.feed_forward(graph.apply("Add", x, heard), layer)


def _attend(graph: Layers, query: str, key: str, value: str, counts: str) -> str:
    """Return softmax(Q K^T / sqrt(d)) V over the heads; all (N, positions, width).

    `counts` holds logarithms of numbers. Added to the scores, they count a position that many
    times.
    """
    scale = graph.constant((graph.weights.width / graph.weights.heads) ** -0.5)
    q = _heads(graph, graph.apply("Mul", query, scale), [0, 2, 1, 3])
    scores = graph.apply("MatMul", q, _heads(graph, key, [0, 2, 3, 1]))
    shares = graph.apply("Softmax", graph.apply("Add", scores, counts), axis=-1)
    mixed = graph.apply("MatMul", shares, _heads(graph, value, [0, 2, 1, 3]))
    mixed = graph.apply("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.apply("Reshape", mixed, graph.constant([0, -1, graph.weights.width]))


def _heads(graph: Layers, x: str, order: list[int]) -> str:
    heads = graph.weights.heads
    shape = graph.constant([0, -1, heads, graph.weights.width // heads])
    return graph.apply("Transpose", graph.apply("Reshape", x, shape), perm=order)


def _cross_attention(graph: Layers, x: str) -> None:
    """Compute the keys and values of the decoder's cross-attention, once for all tokens."""
    keys, values = [], []
    for index in range(graph.weights.decoder_layers):
        key, value = graph.weights.split(f"decoder/layer_{index}/attention/linear_1", 2)
        first = graph.constant([0])
        keys.append(graph.apply("Unsqueeze", graph.dense(x, *key), first))
        values.append(graph.apply("Unsqueeze", graph.dense(x, *value), first))
    graph.apply("Concat", *keys, output="n_layer_cross_k", axis=0)
    graph.apply("Concat", *values, output="n_layer_cross_v", axis=0)
