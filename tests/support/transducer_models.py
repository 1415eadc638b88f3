"""Small streaming transducers: of icefall and of NeMo."""

from collections.abc import Callable, Mapping
from typing import Any

from streaming_parts import (
    INT32,
    NEMO_BLANK,
    NEMO_VOCABULARY,
    VOCABULARY,
    Files,
    Values,
    hand_on,
    loudness_of,
    once,
    scores_of,
)

from hwaja.models.conversion.graph import FLOAT, INT64, Graph, Shape

# Transducers of icefall -------------------------------------------------------------------------


def icefall(encoder: Any) -> tuple[Files, list[str]]:
    decoder = Graph()
    last = decoder.apply("Gather", "y", decoder.constant(1), axis=1)
    bias = once(decoder, last, len(VOCABULARY))
    decoder.apply("Unsqueeze", bias, decoder.constant([1]), output="decoder_out")
    joiner = Graph()
    scores = scores_of(joiner, "encoder_out", "decoder_out", len(VOCABULARY), 0)
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
    loudness = loudness_of(graph, "x", 2, outputs)
    graph.apply("Unsqueeze", loudness, graph.constant([2]), output="encoder_out")
    new = hand_on(graph, states)
    return graph.model(
        "encoder",
        {"x": (FLOAT, ["N", frames, 80]), **states, **(more or {})},
        {"encoder_out": (FLOAT, ["N", outputs, 1]), **new},
        {"T": frames, "decode_chunk_len": 4 * outputs, **metadata},
    )


def zipformer2_states() -> Values:
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


ZIPFORMER2_METADATA = {
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
    return icefall(_icefall_encoder(45, 8, zipformer2_states(), ZIPFORMER2_METADATA))


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
    return icefall(_icefall_encoder(39, 8, states, metadata))


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
    return icefall(_icefall_encoder(39, 8, states, metadata, processed))


def lstm() -> tuple[Files, list[str]]:
    states: Values = {"h": (FLOAT, [2, "N", 16]), "c": (FLOAT, [2, "N", 32])}
    metadata = {
        "model_type": "lstm",
        "num_encoder_layers": 2,
        "rnn_hidden_size": 32,
        "d_model": 16,
    }
    return icefall(_icefall_encoder(9, 1, states, metadata))


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
    return icefall(_icefall_encoder(39, 8, states, metadata))


# Transducers of NeMo ----------------------------------------------------------------------------

_NEMO_METADATA = {
    "model_type": "EncDecRNNTBPEModel",
    "vocab_size": NEMO_BLANK,
    "normalize_type": "NA",
    "pred_rnn_layers": 2,
    "pred_hidden": 8,
    "subsampling_factor": 4,
}
NEMO_CACHES: Values = {
    "cache_last_channel": (FLOAT, ["N", 2, 4, 8]),
    "cache_last_time": (FLOAT, ["N", 2, 8, 3]),
    "cache_last_channel_len": (INT64, ["N"]),
}
NEMO_CACHE_METADATA = {
    "window_size": 41,
    "chunk_shift": 32,
    "cache_last_channel_dim1": 2,
    "cache_last_channel_dim2": 4,
    "cache_last_channel_dim3": 8,
    "cache_last_time_dim1": 2,
    "cache_last_time_dim2": 8,
    "cache_last_time_dim3": 3,
}


def nemo(
    encoder: Any, metadata: Mapping[str, object] | None = None, durations: int = 0
) -> tuple[Files, list[str]]:
    """Add a predictor and a joiner, which of a TDT scores how many frames to skip: always one."""
    decoder = Graph()
    targets = decoder.apply("Cast", "targets", to=INT64)
    bias = once(decoder, targets, NEMO_BLANK)
    decoder.apply("Unsqueeze", bias, decoder.constant([1]), output="outputs")
    decoder.apply("Identity", "target_length", output="prednet_lengths")
    states: Values = {"states.1": (FLOAT, [2, "N", 8]), "onnx::Slice_3": (FLOAT, [2, "N", 8])}
    new = hand_on(decoder, states)
    joiner = Graph()
    scores = scores_of(
        joiner, "encoder_outputs", "decoder_outputs", len(NEMO_VOCABULARY), NEMO_BLANK
    )
    if durations:
        skipped = joiner.constant([[[0.0, 1.0, *[0.0] * (durations - 2)]]])
        one = joiner.apply("Mul", "encoder_outputs", joiner.constant(0.0))
        scores = joiner.apply("Concat", scores, joiner.apply("Add", one, skipped), axis=2)
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
            {"joint": (FLOAT, ["N", 1, 1, len(NEMO_VOCABULARY) + durations])},
            {},
        ),
    }
    return files, NEMO_VOCABULARY


def _nemo_encoder(
    graph: Graph, frames: int, outputs: int, more: Values, metadata: Mapping[str, object]
) -> Any:
    loudness = loudness_of(graph, "audio_signal", 1, outputs)
    graph.apply("Unsqueeze", loudness, graph.constant([1]), output="outputs")
    graph.apply("Identity", "length", output="encoded_lengths")
    new = hand_on(graph, {name: form for name, form in more.items() if name != "prompt_index"})
    return graph.model(
        "encoder",
        {"audio_signal": (FLOAT, ["N", 80, frames]), "length": (INT64, ["N"]), **more},
        {"outputs": (FLOAT, ["N", 1, outputs]), "encoded_lengths": (INT64, ["N"]), **new},
        _NEMO_METADATA | metadata,
    )


def nemo_transducer() -> tuple[Files, list[str]]:
    return nemo(_nemo_encoder(Graph(), 41, 8, NEMO_CACHES, NEMO_CACHE_METADATA))


def nemotron() -> tuple[Files, list[str]]:
    """A multilingual model, which detects loudness only in Korean."""
    graph = Graph()
    prompts = '{"en-US": 0, "ko-KR": 7, "auto": 9}'
    metadata = NEMO_CACHE_METADATA | {"prompt_dictionary": prompts, "auto_prompt_id": 9}
    caches: Values = {**NEMO_CACHES, "prompt_index": (INT64, ["N"])}
    korean = graph.apply("Equal", "prompt_index", graph.constant([7]))
    offset = graph.apply("Where", korean, graph.constant([0.0]), graph.constant([-1000.0]))
    column = graph.apply("Unsqueeze", offset, graph.constant([1, 2]))
    hushed = graph.apply("Add", "audio_signal", column)
    loudness = loudness_of(graph, hushed, 1, 8)
    graph.apply("Unsqueeze", loudness, graph.constant([1]), output="outputs")
    graph.apply("Identity", "length", output="encoded_lengths")
    new = hand_on(graph, NEMO_CACHES)
    encoder = graph.model(
        "encoder",
        {"audio_signal": (FLOAT, ["N", 80, 41]), "length": (INT64, ["N"]), **caches},
        {"outputs": (FLOAT, ["N", 1, 8]), "encoded_lengths": (INT64, ["N"]), **new},
        _NEMO_METADATA | metadata,
    )
    return nemo(encoder)


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
    return nemo(_nemo_encoder(Graph(), 48, 12, {}, metadata), metadata)
