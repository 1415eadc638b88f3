"""Small streaming models of every family that sherpa-onnx loads, without any weights.

Each writes 가 where it becomes loud (Paraformer: again and again while it is), whatever is said; a
transducer that is told to expect 나 writes that instead. They have the inputs, outputs and
metadata of their families, and states that are handed on as they are: what they test is loading,
decoding steps and batches. The model of `hwaja.models.conversion.tones` tests what is heard.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import onnx
from streaming_parts import (
    BOOL,
    FLOAT16,
    INT32,
    LOUD,
    NEMO_BLANK,
    NEMO_VOCABULARY,
    PARAFORMER_VOCABULARY,
    T_ONE_VOCABULARY,
    VOCABULARY,
    WRITTEN,
    Files,
    Values,
    hand_on,
    loudness_of,
    write_ctc_scores,
)
from transducer_models import (
    NEMO_CACHE_METADATA,
    NEMO_CACHES,
    ZIPFORMER2_METADATA,
    conformer,
    ebranchformer,
    lstm,
    nemo_transducer,
    nemotron,
    parakeet_unified,
    zipformer,
    zipformer2,
    zipformer2_states,
)

from hwaja.models.conversion.graph import FLOAT, INT64, Graph


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


# CTC and Paraformer -----------------------------------------------------------------------------


def nemo_ctc(factor: int = 4) -> tuple[Files, list[str]]:
    graph = Graph()
    outputs = 32 // factor
    loudness = loudness_of(graph, "audio_signal", 1, outputs, factor)
    write_ctc_scores(graph, loudness, len(NEMO_VOCABULARY), NEMO_BLANK, "logprobs")
    graph.apply("Identity", "length", output="encoded_lengths")
    new = hand_on(graph, NEMO_CACHES)
    model = graph.model(
        "nemo_ctc",
        {"audio_signal": (FLOAT, ["N", 80, 41]), "length": (INT64, ["N"]), **NEMO_CACHES},
        {
            "logprobs": (FLOAT, ["N", outputs, len(NEMO_VOCABULARY)]),
            "encoded_lengths": (INT64, ["N"]),
            **new,
        },
        NEMO_CACHE_METADATA
        | {
            "model_type": "EncDecCTCModelBPE",
            "vocab_size": NEMO_BLANK,
            "subsampling_factor": factor,
        },
    )
    return {"model.onnx": model}, NEMO_VOCABULARY


def zipformer2_ctc() -> tuple[Files, list[str]]:
    graph = Graph()
    write_ctc_scores(graph, loudness_of(graph, "x", 2, 8), len(VOCABULARY), 0, "log_probs")
    states = zipformer2_states()
    new = hand_on(graph, states)
    model = graph.model(
        "zipformer2_ctc",
        {"x": (FLOAT, ["N", 45, 80]), **states},
        {"log_probs": (FLOAT, ["N", 8, len(VOCABULARY)]), **new},
        {"T": 45, "decode_chunk_len": 32, **ZIPFORMER2_METADATA},
    )
    return {"ctc-epoch-20-avg-1-chunk-16-left-128.int8.onnx": model}, VOCABULARY


def wenet_ctc() -> tuple[Files, list[str]]:
    graph = Graph()
    write_ctc_scores(graph, loudness_of(graph, "chunk", 2, 16), len(VOCABULARY), 0, "log_probs")
    caches: Values = {
        "att_cache": (FLOAT, [2, 2, 64, 8]),
        "cnn_cache": (FLOAT, [2, 1, 8, 7]),
    }
    new = hand_on(graph, caches)
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
    loudness = graph.apply("Sub", level, graph.constant(300.0))
    blank = len(T_ONE_VOCABULARY) - 1
    write_ctc_scores(graph, loudness, len(T_ONE_VOCABULARY), blank, "logprobs")
    new = hand_on(graph, {"state": (FLOAT16, ["N", 12])})
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
    loud = encoder.apply("Greater", mean, encoder.constant(-LOUD))
    quarter = encoder.apply("Mul", encoder.apply("Cast", loud, to=FLOAT), encoder.constant(0.25))
    encoder.apply("Squeeze", quarter, encoder.constant([2]), output="alphas")
    decoder = Graph()
    tokens = decoder.apply("ReduceSum", "acoustic_embeds", decoder.constant([2]), keepdims=0)
    zeros = decoder.apply("Mul", tokens, decoder.constant(0.0))
    written = decoder.apply("Add", zeros, decoder.constant(float(WRITTEN)))
    decoder.apply("Cast", written, to=INT64, output="sample_ids")
    decoder.apply("Unsqueeze", zeros, decoder.constant([2]), output="logits")
    caches: Values = {f"in_cache_{block}": (FLOAT, ["N", 1, 10]) for block in range(2)}
    new = hand_on(decoder, caches)
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
