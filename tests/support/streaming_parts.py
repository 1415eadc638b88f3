"""Parts of the small streaming models of the tests, which detect loudness."""

from typing import Any

import onnx

from hwaja.models.conversion.graph import FLOAT, Graph, Shape

INT32 = onnx.TensorProto.INT32
FLOAT16 = onnx.TensorProto.FLOAT16
BOOL = onnx.TensorProto.BOOL

WRITTEN, LIKE_IT = 3, 4  # the numbers of 가 and 나
VOCABULARY = ["<blk>", "<sos/eos>", "<unk>", "가", "나", "다"]
NEMO_VOCABULARY = ["<unk>", "다", "라", "가", "나", "<blk>"]
T_ONE_VOCABULARY = ["다", "라", "|", "가", "나", "<blk>"]
PARAFORMER_VOCABULARY = ["<blank>", "<s>", "</s>", "가", "나"]

NEMO_BLANK = len(NEMO_VOCABULARY) - 1

Values = dict[str, tuple[int, Shape]]
Files = dict[str, Any]
LOUD = 8.0  # above -8, the mean logarithm of a frame's power; of silence it is -16


def loudness_of(graph: Graph, features: str, mel_axis: int, outputs: int, factor: int = 4) -> str:
    """Positive where a frame is loud, for one in `factor` frames; (N, outputs)."""
    mean = graph.apply("ReduceMean", features, axes=[mel_axis], keepdims=0)
    span = [graph.constant([number]) for number in (0, factor * outputs, 1, factor)]
    return graph.apply("Add", graph.apply("Slice", mean, *span), graph.constant(LOUD))


def scores_of(graph: Graph, loudness: str, written: str, vocabulary: int, blank: int) -> str:
    """Scores of all tokens along the last axis: 가 and a little less 나 by loudness, else blank."""
    row = [0.0] * vocabulary
    row[WRITTEN], row[LIKE_IT], row[blank] = 1.0, 1.0, -1.0
    low = [-1000.0] * vocabulary
    low[WRITTEN], low[LIKE_IT], low[blank] = 0.0, -0.5, 0.0
    signed = graph.apply("Mul", graph.apply("Add", loudness, written), graph.constant(row))
    return graph.apply("Add", signed, graph.constant(low))


def once(graph: Graph, last: str, beyond: int) -> str:
    """Less than any loudness where 가 or 나 was the last token, else 0: it is written once."""
    above = graph.apply("GreaterOrEqual", last, graph.constant(WRITTEN))
    below = graph.apply("Less", last, graph.constant(beyond))
    written = graph.apply("Cast", graph.apply("And", above, below), to=FLOAT)
    return graph.apply("Mul", written, graph.constant(-100.0))


def write_ctc_scores(graph: Graph, loudness: str, vocabulary: int, blank: int, output: str) -> None:
    column = graph.apply("Unsqueeze", loudness, graph.constant([2]))
    scores = scores_of(graph, column, graph.constant(0.0), vocabulary, blank)
    graph.apply("LogSoftmax", scores, axis=2, output=output)


def hand_on(graph: Graph, states: Values) -> Values:
    for name in states:
        graph.apply("Identity", name, output=f"new_{name}")
    return {f"new_{name}": form for name, form in states.items()}
