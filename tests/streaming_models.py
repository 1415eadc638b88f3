"""Small streaming models of every family that sherpa-onnx loads, without any weights.

Each writes 가 where it becomes loud (Paraformer: again and again while it is), whatever is said; a
transducer that is told to expect 나 writes that instead. They have the inputs, outputs and
metadata of their families, and states that are handed on as they are: what they test is loading,
decoding steps and batches. The model of `hwaja.models.tones` tests what is heard.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from hwaja.models.graph import FLOAT, INT64, Graph, Shape

INT32 = onnx.TensorProto.INT32
FLOAT16 = onnx.TensorProto.FLOAT16
BOOL = onnx.TensorProto.BOOL

WRITTEN, LIKE_IT = 3, 4  # the numbers of 가 and 나
VOCABULARY = ["<blk>", "<sos/eos>", "<unk>", "가", "나", "다"]
NEMO_VOCABULARY = ["<unk>", "다", "라", "가", "나", "<blk>"]
T_ONE_VOCABULARY = ["다", "라", "|", "가", "나", "<blk>"]
PARAFORMER_VOCABULARY = ["<blank>", "<s>", "</s>", "가", "나"]

Values = dict[str, tuple[int, Shape]]
Files = dict[str, Any]
_LOUD = 8.0  # above -8, the mean logarithm of a frame's power; of silence it is -16


def write(family: str, folder: Path) -> Path:
    """Write a model of a family; return its folder."""
    return write_files(*FAMILIES[family](), folder)


def write_files(files: Files, vocabulary: Sequence[str], folder: Path) -> Path:
    for name, model in files.items():
        onnx.save(model, folder / name)
    write_tokens(folder, vocabulary)
    return folder


def write_tokens(folder: Path, vocabulary: Sequence[str]) -> None:
    lines = (f"{token} {number}\n" for number, token in enumerate(vocabulary))
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")


def _loudness(graph: Graph, features: str, mel_axis: int, outputs: int, factor: int = 4) -> str:
    """Positive where a frame is loud, for one in `factor` frames; (N, outputs)."""
    mean = graph.apply("ReduceMean", features, axes=[mel_axis], keepdims=0)
    span = [graph.constant([number]) for number in (0, factor * outputs, 1, factor)]
    return graph.apply("Add", graph.apply("Slice", mean, *span), graph.constant(_LOUD))


def _scores(graph: Graph, loudness: str, written: str, vocabulary: int, blank: int) -> str:
    """Scores of all tokens along the last axis: 가 and a little less 나 by loudness, else blank."""
    row = [0.0] * vocabulary
    row[WRITTEN], row[LIKE_IT], row[blank] = 1.0, 1.0, -1.0
    low = [-1000.0] * vocabulary
    low[WRITTEN], low[LIKE_IT], low[blank] = 0.0, -0.5, 0.0
    signed = graph.apply("Mul", graph.apply("Add", loudness, written), graph.constant(row))
    return graph.apply("Add", signed, graph.constant(low))


def _once(graph: Graph, last: str, beyond: int) -> str:
    """Less than any loudness where 가 or 나 was the last token, else 0: it is written once."""
    above = graph.apply("GreaterOrEqual", last, graph.constant(WRITTEN))
    below = graph.apply("Less", last, graph.constant(beyond))
    written = graph.apply("Cast", graph.apply("And", above, below), to=FLOAT)
    return graph.apply("Mul", written, graph.constant(-100.0))


def _ctc_scores(graph: Graph, loudness: str, vocabulary: int, blank: int, output: str) -> None:
    column = graph.apply("Unsqueeze", loudness, graph.constant([2]))
    scores = _scores(graph, column, graph.constant(0.0), vocabulary, blank)
    graph.apply("LogSoftmax", scores, axis=2, output=output)


def _hand_on(graph: Graph, states: Values) -> Values:
    for name in states:
        graph.apply("Identity", name, output=f"new_{name}")
    return {f"new_{name}": form for name, form in states.items()}


# Transducers of icefall -------------------------------------------------------------------------


def _icefall(encoder: Any) -> tuple[Files, list[str]]:
    decoder = Graph()
    last = decoder.apply("Gather", "y", decoder.constant(1), axis=1)
    bias = _once(decoder, last, len(VOCABULARY))
    decoder.apply("Unsqueeze", bias, decoder.constant([1]), output="decoder_out")
    joiner = Graph()
    scores = _scores(joiner, "encoder_out", "decoder_out", len(VOCABULARY), 0)
    joiner.apply("Identity", scores, output="logit")
    files = {
        "encoder-epoch-99-avg-1.int8.onnx": encoder,
        "decoder-epoch-99-avg-1.onnx": decoder.model(
            "decoder",
            {"y": (INT64, ["N", 2])},
            {"decoder_out": (FLOAT, ["N", 1])},
            {"vocab_size": len(VOCABULARY), "context_size": 2},
        ),
        "joiner-epoch-99-avg-1.int8.onnx": joiner.model(
            "joiner",
            {"encoder_out": (FLOAT, ["N", 1]), "decoder_out": (FLOAT, ["N", 1])},
            {"logit": (FLOAT, ["N", len(VOCABULARY)])},
            {"joiner_dim": 1},
        ),
    }
    return files, VOCABULARY


def _icefall_encoder(
    frames: int,
    outputs: int,
    states: Values,
    metadata: Mapping[str, object],
    more: Values | None = None,
) -> Any:
    graph = Graph()
    loudness = _loudness(graph, "x", 2, outputs)
    graph.apply("Unsqueeze", loudness, graph.constant([2]), output="encoder_out")
    new = _hand_on(graph, states)
    return graph.model(
        "encoder",
        {"x": (FLOAT, ["N", frames, 80]), **states, **(more or {})},
        {"encoder_out": (FLOAT, ["N", outputs, 1]), **new},
        {"T": frames, "decode_chunk_len": 4 * outputs, **metadata},
    )


def _zipformer2_states() -> Values:
    states: Values = {}
    for layer in range(3):  # 2 layers in the first stack, 1 in the second
        left, dim = (8, 16) if layer < 2 else (4, 24)
        states |= {
            f"cached_key_{layer}": (FLOAT, [left, "N", 8]),
            f"cached_nonlin_attn_{layer}": (FLOAT, [1, "N", left, 3 * dim // 4]),
            f"cached_val1_{layer}": (FLOAT, [left, "N", 6]),
            f"cached_val2_{layer}": (FLOAT, [left, "N", 6]),
            f"cached_conv1_{layer}": (FLOAT, ["N", dim, 15]),
            f"cached_conv2_{layer}": (FLOAT, ["N", dim, 15]),
        }
    return {
        **states,
        "embed_states": (FLOAT, ["N", 128, 3, 19]),
        "processed_lens": (INT64, ["N"]),
    }


_ZIPFORMER2_METADATA = {
    "model_type": "zipformer2",
    "encoder_dims": "16,24",
    "query_head_dims": "4,4",
    "value_head_dims": "3,3",
    "num_heads": "2,2",
    "num_encoder_layers": "2,1",
    "cnn_module_kernels": "31,31",
    "left_context_len": "8,4",
}


def zipformer2() -> tuple[Files, list[str]]:
    return _icefall(_icefall_encoder(45, 8, _zipformer2_states(), _ZIPFORMER2_METADATA))


def zipformer() -> tuple[Files, list[str]]:
    states: Values = {}
    forms: dict[str, tuple[int, Callable[[int], list[int | str]]]] = {
        "cached_len": (INT64, lambda layers: [layers, "N"]),
        "cached_avg": (FLOAT, lambda layers: [layers, "N", 16]),
        "cached_key": (FLOAT, lambda layers: [layers, 8, "N", 12]),
        "cached_val": (FLOAT, lambda layers: [layers, 8, "N", 6]),
        "cached_val2": (FLOAT, lambda layers: [layers, 8, "N", 6]),
        "cached_conv1": (FLOAT, lambda layers: [layers, "N", 16, 30]),
        "cached_conv2": (FLOAT, lambda layers: [layers, "N", 16, 30]),
    }
    for name, (kind, form) in forms.items():
        states |= {f"{name}_{stack}": (kind, form(2 - stack)) for stack in range(2)}
    metadata = {
        "model_type": "zipformer",
        "encoder_dims": "16,16",
        "attention_dims": "12,12",
        "num_encoder_layers": "2,1",
        "cnn_module_kernels": "31,31",
        "left_context_len": "8,8",
    }
    return _icefall(_icefall_encoder(39, 8, states, metadata))


def conformer() -> tuple[Files, list[str]]:
    states: Values = {
        "states_0": (FLOAT, [2, 8, "N", 16]),
        "states_1": (FLOAT, [2, 30, "N", 16]),
    }
    metadata = {
        "model_type": "conformer",
        "num_encoder_layers": 2,
        "left_context": 8,
        "encoder_dim": 16,
        "pad_length": 7,
        "cnn_module_kernel": 31,
    }
    processed: Values = {"processed_frames": (INT64, ["N"])}
    return _icefall(_icefall_encoder(39, 8, states, metadata, processed))


def lstm() -> tuple[Files, list[str]]:
    states: Values = {"h": (FLOAT, [2, "N", 16]), "c": (FLOAT, [2, "N", 32])}
    metadata = {
        "model_type": "lstm",
        "num_encoder_layers": 2,
        "rnn_hidden_size": 32,
        "d_model": 16,
    }
    return _icefall(_icefall_encoder(9, 1, states, metadata))


def ebranchformer() -> tuple[Files, list[str]]:
    states: Values = {}
    for layer in range(2):
        states |= {
            f"cached_key_{layer}": (FLOAT, ["N", 2, 8, 4]),
            f"cached_value_{layer}": (FLOAT, ["N", 2, 8, 4]),
            f"cached_conv_{layer}": (FLOAT, ["N", 12, 30]),
            f"cached_conv_fusion_{layer}": (FLOAT, ["N", 16, 30]),
        }
    states["processed_lens"] = (INT64, ["N"])
    metadata = {
        "model_type": "ebranchformer",
        "num_hidden_layers": 2,
        "hidden_size": 8,
        "intermediate_size": 24,
        "csgu_kernel_size": 31,
        "merge_conv_kernel": 31,
        "left_context_len": 8,
        "num_heads": 2,
        "head_dim": 4,
    }
    return _icefall(_icefall_encoder(39, 8, states, metadata))


# Transducers of NeMo ----------------------------------------------------------------------------

_NEMO_BLANK = len(NEMO_VOCABULARY) - 1
_NEMO_METADATA = {
    "model_type": "EncDecRNNTBPEModel",
    "vocab_size": _NEMO_BLANK,
    "normalize_type": "NA",
    "pred_rnn_layers": 2,
    "pred_hidden": 8,
    "subsampling_factor": 4,
}
_NEMO_CACHES: Values = {
    "cache_last_channel": (FLOAT, ["N", 2, 4, 8]),
    "cache_last_time": (FLOAT, ["N", 2, 8, 3]),
    "cache_last_channel_len": (INT64, ["N"]),
}
_NEMO_CACHE_METADATA = {
    "window_size": 41,
    "chunk_shift": 32,
    "cache_last_channel_dim1": 2,
    "cache_last_channel_dim2": 4,
    "cache_last_channel_dim3": 8,
    "cache_last_time_dim1": 2,
    "cache_last_time_dim2": 8,
    "cache_last_time_dim3": 3,
}


def _nemo(encoder: Any, metadata: Mapping[str, object] | None = None) -> tuple[Files, list[str]]:
    decoder = Graph()
    targets = decoder.apply("Cast", "targets", to=INT64)
    bias = _once(decoder, targets, _NEMO_BLANK)
    decoder.apply("Unsqueeze", bias, decoder.constant([1]), output="outputs")
    decoder.apply("Identity", "target_length", output="prednet_lengths")
    states: Values = {"states.1": (FLOAT, [2, "N", 8]), "onnx::Slice_3": (FLOAT, [2, "N", 8])}
    new = _hand_on(decoder, states)
    joiner = Graph()
    scores = _scores(
        joiner, "encoder_outputs", "decoder_outputs", len(NEMO_VOCABULARY), _NEMO_BLANK
    )
    joiner.apply("Unsqueeze", scores, joiner.constant([1]), output="joint")
    column: Shape = ["N", 1, 1]
    files = {
        "encoder.int8.onnx": encoder,
        "decoder.int8.onnx": decoder.model(
            "decoder",
            {"targets": (INT32, ["N", 1]), "target_length": (INT32, ["N"]), **states},
            {"outputs": (FLOAT, column), "prednet_lengths": (INT32, ["N"]), **new},
            metadata or {},
        ),
        "joiner.int8.onnx": joiner.model(
            "joiner",
            {"encoder_outputs": (FLOAT, column), "decoder_outputs": (FLOAT, column)},
            {"joint": (FLOAT, ["N", 1, 1, len(NEMO_VOCABULARY)])},
            {},
        ),
    }
    return files, NEMO_VOCABULARY


def _nemo_encoder(
    graph: Graph, frames: int, outputs: int, more: Values, metadata: Mapping[str, object]
) -> Any:
    loudness = _loudness(graph, "audio_signal", 1, outputs)
    graph.apply("Unsqueeze", loudness, graph.constant([1]), output="outputs")
    graph.apply("Identity", "length", output="encoded_lengths")
    new = _hand_on(graph, {name: form for name, form in more.items() if name != "prompt_index"})
    return graph.model(
        "encoder",
        {"audio_signal": (FLOAT, ["N", 80, frames]), "length": (INT64, ["N"]), **more},
        {"outputs": (FLOAT, ["N", 1, outputs]), "encoded_lengths": (INT64, ["N"]), **new},
        _NEMO_METADATA | metadata,
    )


def nemo_transducer() -> tuple[Files, list[str]]:
    return _nemo(_nemo_encoder(Graph(), 41, 8, _NEMO_CACHES, _NEMO_CACHE_METADATA))


def nemotron() -> tuple[Files, list[str]]:
    """A multilingual one: it hears loudness in Korean only."""
    graph = Graph()
    prompts = '{"en-US": 0, "ko-KR": 7, "auto": 9}'
    metadata = _NEMO_CACHE_METADATA | {"prompt_dictionary": prompts, "auto_prompt_id": 9}
    caches: Values = {**_NEMO_CACHES, "prompt_index": (INT64, ["N"])}
    korean = graph.apply("Equal", "prompt_index", graph.constant([7]))
    offset = graph.apply("Where", korean, graph.constant([0.0]), graph.constant([-1000.0]))
    column = graph.apply("Unsqueeze", offset, graph.constant([1, 2]))
    hushed = graph.apply("Add", "audio_signal", column)
    loudness = _loudness(graph, hushed, 1, 8)
    graph.apply("Unsqueeze", loudness, graph.constant([1]), output="outputs")
    graph.apply("Identity", "length", output="encoded_lengths")
    new = _hand_on(graph, _NEMO_CACHES)
    encoder = graph.model(
        "encoder",
        {"audio_signal": (FLOAT, ["N", 80, 41]), "length": (INT64, ["N"]), **caches},
        {"outputs": (FLOAT, ["N", 1, 8]), "encoded_lengths": (INT64, ["N"]), **new},
        _NEMO_METADATA | metadata,
    )
    return _nemo(encoder)


def parakeet_unified() -> tuple[Files, list[str]]:
    metadata = {
        "streaming_model_type": "nemo_parakeet_unified_streaming",
        "normalize_type": "",
        "feat_dim": 80,
        "left_feature_frames": 0,
        "chunk_feature_frames": 32,
        "right_feature_frames": 16,
        "left_encoder_frames": 0,
        "chunk_encoder_frames": 8,
        "right_encoder_frames": 4,
    }
    return _nemo(_nemo_encoder(Graph(), 48, 12, {}, metadata), metadata)


# CTC and Paraformer -----------------------------------------------------------------------------


def nemo_ctc(factor: int = 4) -> tuple[Files, list[str]]:
    graph = Graph()
    outputs = 32 // factor
    loudness = _loudness(graph, "audio_signal", 1, outputs, factor)
    _ctc_scores(graph, loudness, len(NEMO_VOCABULARY), _NEMO_BLANK, "logprobs")
    graph.apply("Identity", "length", output="encoded_lengths")
    new = _hand_on(graph, _NEMO_CACHES)
    model = graph.model(
        "nemo_ctc",
        {"audio_signal": (FLOAT, ["N", 80, 41]), "length": (INT64, ["N"]), **_NEMO_CACHES},
        {
            "logprobs": (FLOAT, ["N", outputs, len(NEMO_VOCABULARY)]),
            "encoded_lengths": (INT64, ["N"]),
            **new,
        },
        _NEMO_CACHE_METADATA
        | {
            "model_type": "EncDecCTCModelBPE",
            "vocab_size": _NEMO_BLANK,
            "subsampling_factor": factor,
        },
    )
    return {"model.onnx": model}, NEMO_VOCABULARY


def zipformer2_ctc() -> tuple[Files, list[str]]:
    graph = Graph()
    _ctc_scores(graph, _loudness(graph, "x", 2, 8), len(VOCABULARY), 0, "log_probs")
    states = _zipformer2_states()
    new = _hand_on(graph, states)
    model = graph.model(
        "zipformer2_ctc",
        {"x": (FLOAT, ["N", 45, 80]), **states},
        {"log_probs": (FLOAT, ["N", 8, len(VOCABULARY)]), **new},
        {"T": 45, "decode_chunk_len": 32, **_ZIPFORMER2_METADATA},
    )
    return {"ctc-epoch-20-avg-1-chunk-16-left-128.int8.onnx": model}, VOCABULARY


def wenet_ctc() -> tuple[Files, list[str]]:
    graph = Graph()
    _ctc_scores(graph, _loudness(graph, "chunk", 2, 16), len(VOCABULARY), 0, "log_probs")
    caches: Values = {
        "att_cache": (FLOAT, [2, 2, 64, 8]),
        "cnn_cache": (FLOAT, [2, 1, 8, 7]),
    }
    new = _hand_on(graph, caches)
    model = graph.model(
        "wenet_ctc",
        {
            "chunk": (FLOAT, [1, 67, 80]),
            "offset": (INT64, [1]),
            "required_cache_size": (INT64, [1]),
            **caches,
            "att_mask": (BOOL, [1, 1, 80]),
        },
        {"log_probs": (FLOAT, [1, 16, len(VOCABULARY)]), **new},
        {
            "model_type": "wenet_ctc",
            "head": 2,
            "num_blocks": 2,
            "output_size": 8,
            "cnn_module_kernel": 8,
            "right_context": 6,
            "subsampling_factor": 4,
            "vocab_size": len(VOCABULARY),
        },
    )
    return {"model-streaming.int8.onnx": model}, ["<blank>", *VOCABULARY[1:]]


def t_one_ctc() -> tuple[Files, list[str]]:
    graph = Graph()
    parts = graph.apply("Reshape", "signal", graph.constant([0, 10, 240]))
    level = graph.apply("Abs", graph.apply("Cast", parts, to=FLOAT))
    level = graph.apply("ReduceMean", level, axes=[2], keepdims=0)
    loudness = graph.apply("Sub", level, graph.constant(1000.0))
    blank = len(T_ONE_VOCABULARY) - 1
    _ctc_scores(graph, loudness, len(T_ONE_VOCABULARY), blank, "logprobs")
    new = _hand_on(graph, {"state": (FLOAT16, ["N", 12])})
    model = graph.model(
        "t_one",
        {"signal": (INT32, ["N", 2400, 1]), "state": (FLOAT16, ["N", 12])},
        {"logprobs": (FLOAT, ["N", 10, len(T_ONE_VOCABULARY)]), **new},
        {"model_type": "t-one", "frame_length_ms": 300, "state_dim": 12, "sample_rate": 8000},
    )
    return {"model.onnx": model}, T_ONE_VOCABULARY


def paraformer() -> tuple[Files, list[str]]:
    encoder = Graph()
    mean = encoder.apply("ReduceMean", "speech", axes=[2], keepdims=1)
    encoder.apply("Identity", mean, output="enc")
    encoder.apply("Identity", "speech_lengths", output="enc_len")
    loud = encoder.apply("Greater", mean, encoder.constant(-_LOUD))
    quarter = encoder.apply("Mul", encoder.apply("Cast", loud, to=FLOAT), encoder.constant(0.25))
    encoder.apply("Squeeze", quarter, encoder.constant([2]), output="alphas")
    decoder = Graph()
    tokens = decoder.apply("ReduceSum", "acoustic_embeds", decoder.constant([2]), keepdims=0)
    zeros = decoder.apply("Mul", tokens, decoder.constant(0.0))
    written = decoder.apply("Add", zeros, decoder.constant(float(WRITTEN)))
    decoder.apply("Cast", written, to=INT64, output="sample_ids")
    decoder.apply("Unsqueeze", zeros, decoder.constant([2]), output="logits")
    caches: Values = {f"in_cache_{block}": (FLOAT, ["N", 1, 10]) for block in range(2)}
    new = _hand_on(decoder, caches)
    columns = 560
    files = {
        "encoder.int8.onnx": encoder.model(
            "encoder",
            {"speech": (FLOAT, ["N", "T", columns]), "speech_lengths": (INT32, ["N"])},
            {
                "enc": (FLOAT, ["N", "T", 1]),
                "enc_len": (INT32, ["N"]),
                "alphas": (FLOAT, ["N", "T"]),
            },
            {
                "model_type": "paraformer",
                "vocab_size": len(PARAFORMER_VOCABULARY),
                "lfr_window_size": 7,
                "lfr_window_shift": 6,
                "encoder_output_size": 1,
                "decoder_num_blocks": 2,
                "decoder_kernel_size": 11,
                "neg_mean": ",".join(["0.0"] * columns),
                "inv_stddev": ",".join(["1.0"] * columns),
            },
        ),
        "decoder.int8.onnx": decoder.model(
            "decoder",
            {
                "enc": (FLOAT, ["N", "T", 1]),
                "enc_len": (INT32, ["N"]),
                "acoustic_embeds": (FLOAT, ["N", "U", 1]),
                "acoustic_embeds_len": (INT32, ["N"]),
                **caches,
            },
            {"logits": (FLOAT, ["N", "U", 1]), "sample_ids": (INT64, ["N", "U"]), **new},
            {},
        ),
    }
    return files, PARAFORMER_VOCABULARY


FAMILIES: dict[str, Callable[[], tuple[Files, list[str]]]] = {
    "zipformer2": zipformer2,
    "zipformer": zipformer,
    "conformer": conformer,
    "lstm": lstm,
    "ebranchformer": ebranchformer,
    "nemo-transducer": nemo_transducer,
    "nemotron": nemotron,
    "parakeet-unified": parakeet_unified,
    "paraformer": paraformer,
    "zipformer2-ctc": zipformer2_ctc,
    "nemo-ctc": nemo_ctc,
    "wenet-ctc": wenet_ctc,
    "t-one-ctc": t_one_ctc,
}
