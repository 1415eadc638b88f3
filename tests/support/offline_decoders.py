"""Small offline models of the families of sherpa-onnx that have a decoder, without any weights.

Each writes 가 once if any part of the audio is loud. Those that can be asked for a language write
나 in English.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import whisper_exports
from offline_parts import Folder, pieces, plain
from streaming_parts import BOOL, INT32, LOUD, Values

from hwaja.models.conversion.graph import FLOAT, INT64, Graph, Shape


def after(count: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Scores of each token (a column) after each token (a row)."""
    scores = np.zeros((count, count), np.float32)
    for before, token in pairs:
        scores[before, token] = 10
    return scores


def one_hot(count: int, token: int, value: float = 1.0) -> np.ndarray[Any, np.dtype[np.float32]]:
    row = np.zeros(count, np.float32)
    row[token] = value
    return row


def loudest(graph: Graph, features: str, mel_axis: int, floor: float = -LOUD) -> str:
    """1 where any part of an utterance is loud, else 0; (N, 1, 1)."""
    mean = graph.apply("ReduceMean", features, axes=[mel_axis], keepdims=1)
    top = graph.apply("ReduceMax", mean, axes=[3 - mel_axis], keepdims=1)
    return graph.apply("Cast", graph.apply("Greater", top, graph.constant(floor)), to=FLOAT)


# Whisper and its like: caches of a fixed length -------------------------------------------------

CROSS = ("n_layer_cross_k", "n_layer_cross_v")
SELF = ("n_layer_self_k_cache", "n_layer_self_v_cache")


def whisper() -> Folder:
    """The export of `whisper_exports`: it writes a word of each language, whatever is said."""
    with TemporaryDirectory() as folder:
        whisper_exports.write_whisper(Path(folder))
        files = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    texts = {name: content.decode() for name, content in files.items() if name.endswith(".txt")}
    graphs = {name: content for name, content in files.items() if name not in texts}
    return Folder(graphs, texts)


END = 2  # number of the end of the text in all of these tables


def _cached_decoder(
    scores: np.ndarray[Any, np.dtype[np.float32]],
    cross: Values,
    caches: Values,
    of_language: np.ndarray[Any, np.dtype[np.float32]] | None = None,
    offset: Shape = (1,),
) -> Any:
    """A decoder that chooses by the last token, or the end if nothing is loud."""
    graph, count = Graph(), len(scores)
    logits = graph.apply("Gather", graph.weight(scores), "tokens")
    if of_language is not None:
        spoken = graph.apply("Gather", graph.weight(of_language), "tokens")
        logits = graph.apply("Add", logits, graph.apply("ReduceMax", spoken, axes=[1], keepdims=1))
    loud = graph.apply("ReduceMax", CROSS[0], axes=[0, 2, 3], keepdims=0)
    loud = graph.apply("Reshape", loud, graph.constant([-1, 1, 1]))
    hush = graph.apply("Sub", graph.constant(1.0), loud)
    hush = graph.apply("Mul", hush, graph.weight(one_hot(count, END, 100)))
    graph.apply("Add", logits, hush, output="logits")
    for name in SELF:
        graph.apply("Identity", f"in_{name}", output=f"out_{name}")
    return graph.model(
        "decoder",
        {
            "tokens": (INT64, ["N", "n"]),
            **{f"in_{name}": form for name, form in caches.items()},
            **cross,
            "offset": (INT64, offset),
        },
        {
            "logits": (FLOAT, ["N", "n", count]),
            **{f"out_{name}": form for name, form in caches.items()},
        },
        {},
    )


FIRE_RED_TOKENS = ["<blank>", "<unk>", "<eos>", "<sos>", "가", "나"]


def fire_red_asr() -> Folder:
    encoder, layers, heads, width, longest = Graph(), 2, 2, 4, 64
    loud = loudest(encoder, "x", 2)
    wide = encoder.apply("Expand", loud, encoder.constant([1, 1, heads * width]))
    for name in CROSS:
        both = encoder.apply("Unsqueeze", wide, encoder.constant([0]))
        encoder.apply("Expand", both, encoder.constant([layers, 1, 1, 1]), output=name)
    cross: Values = dict.fromkeys(CROSS, (FLOAT, [layers, "N", "U", heads * width]))
    caches: Values = dict.fromkeys(SELF, (FLOAT, [layers, "N", longest, heads, width]))
    metadata = {
        "model_type": "fire-red-asr",
        "num_decoder_layers": layers,
        "num_head": heads,
        "head_dim": width,
        "sos": 3,
        "eos": 2,
        "max_len": longest,
        "cmvn_mean": ",".join(["0.0"] * 80),
        "cmvn_inv_stddev": ",".join(["1.0"] * 80),
    }
    inputs: Values = {"x": (FLOAT, ["N", "T", 80]), "x_lens": (INT64, ["N"])}
    graphs = {
        "encoder.int8.onnx": encoder.model("encoder", inputs, cross, metadata),
        "decoder.int8.onnx": _cached_decoder(after(6, [(3, 4), (4, 2), (5, 2)]), cross, caches),
    }
    return plain(graphs, FIRE_RED_TOKENS)


_MARKS = ["startofcontext", "startoftranscript", "emo:undefined", "pnc", "nopnc", "itn", "noitn"]
MARKED_TOKENS = [
    "<unk>", "x", "<|endoftext|>", "가", "나",
    *(f"<|{mark}|>" for mark in [*_MARKS, "notimestamp", "nodiarize", "ko", "en"]),
]  # fmt: skip
NODIARIZE, KO, EN = (MARKED_TOKENS.index(f"<|{mark}|>") for mark in ("nodiarize", "ko", "en"))


def cohere_transcribe() -> Folder:
    encoder, layers, heads, width, longest = Graph(), 2, 2, 4, 64
    # Its features are normalised by each bin: silence is 0 in all of them.
    level = encoder.apply("Abs", "mel")
    loud = loudest(encoder, level, 1, 0.1)
    wide = encoder.apply("Expand", loud, encoder.constant([1, 1, heads * width]))
    for name in CROSS:
        both = encoder.apply("Unsqueeze", wide, encoder.constant([0]))
        encoder.apply("Expand", both, encoder.constant([layers, 1, 1, 1]), output=name)
    cross: Values = dict.fromkeys(CROSS, (FLOAT, [layers, "N", "U", heads * width]))
    caches: Values = dict.fromkeys(SELF, (FLOAT, [layers, "N", heads, longest, width]))
    count = len(MARKED_TOKENS)
    scores = after(count, [(3, 2), (4, 2)])
    metadata = {"model_type": "cohere-transcribe-03-2026"}
    graphs = {
        "encoder.int8.onnx": encoder.model(
            "encoder", {"mel": (FLOAT, ["N", 128, "T"])}, cross, metadata
        ),
        "decoder.int8.onnx": _cached_decoder(
            scores, cross, caches, after(count, [(KO, 3), (EN, 4)]) / 2, offset=()
        ),
    }
    return plain(graphs, MARKED_TOKENS)


# Canary: its states hold the tokens before ------------------------------------------------------


def canary() -> Folder:
    encoder, decoder, layers, count = Graph(), Graph(), 2, len(MARKED_TOKENS)
    # As those of Cohere: normalised by each bin.
    level = encoder.apply("ReduceMean", encoder.apply("Abs", "x"), axes=[2], keepdims=1)
    above = encoder.apply("Greater", level, encoder.constant(0.5))
    encoder.apply("Cast", above, to=FLOAT, output="enc_states")
    encoder.apply("Identity", "x_len", output="enc_len")
    encoder.apply(
        "Squeeze",
        encoder.apply("Greater", level, encoder.constant(-1e9)),
        encoder.constant([2]),
        output="enc_mask",
    )
    token = decoder.apply("Gather", "decoder_input_ids", decoder.constant(0), axis=1)
    scores = decoder.apply("Gather", decoder.weight(after(count, [(3, 2), (4, 2)])), token)
    this = decoder.apply("Gather", decoder.weight(np.eye(count, dtype=np.float32)), token)
    this = decoder.apply("Unsqueeze", this, decoder.constant([1]))
    states: Values = {f"mems_{layer}": (FLOAT, [1, "n", count]) for layer in range(layers)}
    new: Values = {}
    for name in states:
        decoder.apply("Concat", name, this, axis=1, output=f"new_{name}")
        new[f"new_{name}"] = (FLOAT, [1, "m", count])
    so_far = decoder.apply("ReduceMax", "new_mems_0", axes=[1], keepdims=0)
    of_language = after(count, [(KO, 3), (EN, 4)]) / 2
    word = decoder.apply("MatMul", so_far, decoder.weight(of_language))
    loud = decoder.apply("ReduceMax", "enc_states", axes=[1, 2], keepdims=0)
    hush = decoder.apply("Sub", decoder.constant(1.0), loud)
    hush = decoder.apply("Unsqueeze", hush, decoder.constant([1]))
    hush = decoder.apply("Mul", hush, decoder.weight(one_hot(count, END, 100)))
    total = decoder.apply("Add", decoder.apply("Add", scores, word), hush)
    decoder.apply("Unsqueeze", total, decoder.constant([1]), output="logits")
    metadata = {
        "model_type": "EncDecMultiTaskModel",
        "vocab_size": count,
        "normalize_type": "per_feature",
        "subsampling_factor": 8,
        "feat_dim": 128,
        "num_decoder_layers": layers,
        "decoder_hidden_size": count,
    }
    encoded: Values = {"enc_states": (FLOAT, ["N", "U", 1]), "enc_mask": (BOOL, ["N", "U"])}
    graphs = {
        "encoder.int8.onnx": encoder.model(
            "encoder",
            {"x": (FLOAT, ["N", "T", 128]), "x_len": (INT64, ["N"])},
            {
                "enc_states": encoded["enc_states"],
                "enc_len": (INT64, ["N"]),
                "enc_mask": encoded["enc_mask"],
            },
            metadata,
        ),
        "decoder.int8.onnx": decoder.model(
            "decoder",
            {"decoder_input_ids": (INT32, [1, 2]), **states, **encoded},
            {"logits": (FLOAT, [1, 1, count]), **new},
            {},
        ),
    }
    return plain(graphs, MARKED_TOKENS)


# Moonshine --------------------------------------------------------------------------------------

MOONSHINE_TOKENS = ["<unk>", "<s>", "</s>", "▁가", "▁나"]
_HIDDEN = 4


def _framed(graph: Graph, audio: str) -> str:
    """1 where 24 ms are loud, else 0; (N, T, 4)."""
    level = graph.apply("Unsqueeze", graph.apply("Abs", audio), graph.constant([1]))
    peak = graph.apply("MaxPool", level, kernel_shape=[384], strides=[384])
    loud = graph.apply("Cast", graph.apply("Greater", peak, graph.constant(0.01)), to=FLOAT)
    column = graph.apply("Transpose", loud, perm=[0, 2, 1])
    return graph.apply("Expand", column, graph.constant([1, 1, _HIDDEN]))


def _moonshine_logits(graph: Graph, tokens: str, encoded: str) -> None:
    scores = graph.apply("Gather", graph.weight(after(5, [(1, 3), (3, 2), (4, 2)])), tokens)
    loud = graph.apply("ReduceMax", encoded, axes=[1, 2], keepdims=1)
    hush = graph.apply("Sub", graph.constant(1.0), loud)
    hush = graph.apply("Mul", hush, graph.weight(one_hot(5, END, 100)))
    graph.apply("Add", scores, hush, output="logits")


def moonshine() -> Folder:
    encoded: Values = {"encoder_out": (FLOAT, [1, "T", _HIDDEN])}
    preprocessor, encoder = Graph(), Graph()
    preprocessor.apply("Identity", _framed(preprocessor, "audio"), output="features")
    encoder.apply("Identity", "features", output="encoder_out")
    graphs = {
        "preprocess.onnx": preprocessor.model(
            "preprocess",
            {"audio": (FLOAT, [1, "S"])},
            {"features": (FLOAT, [1, "T", _HIDDEN])},
            {},
        ),
        "encode.int8.onnx": encoder.model(
            "encode",
            {"features": (FLOAT, [1, "T", _HIDDEN]), "features_len": (INT32, [1])},
            encoded,
            {},
        ),
    }
    states: Values = {f"state_{number}": (FLOAT, [1, "L", _HIDDEN]) for number in range(2)}
    inputs: Values = {"token": (INT32, [1, 1]), **encoded, "seq_len": (INT32, [1])}
    new: Values = {f"new_{name}": form for name, form in states.items()}
    for name, more in (("uncached_decode.int8.onnx", {}), ("cached_decode.int8.onnx", states)):
        decoder = Graph()
        _moonshine_logits(decoder, "token", "encoder_out")
        for state in states:
            source = state if more else "encoder_out"
            decoder.apply("Identity", source, output=f"new_{state}")
        graphs[name] = decoder.model(
            "decoder",
            {**inputs, **more},
            {"logits": (FLOAT, [1, 1, 5]), **new},
            {},
        )
    return plain(graphs, MOONSHINE_TOKENS)


def moonshine_v2() -> Folder:
    encoder, decoder = Graph(), Graph()
    encoder.apply("Identity", _framed(encoder, "input_values"), output="last_hidden_state")
    _moonshine_logits(decoder, "input_ids", "encoder_hidden_states")
    past: Values = {
        f"past_key_values.0.{part}.{what}": (FLOAT, [1, 2, "L", 2])
        for part in ("decoder", "encoder")
        for what in ("key", "value")
    }
    present = {}
    for name, form in past.items():
        new = name.replace("past_key_values", "present")
        more = decoder.constant(np.zeros((1, 2, 2, 2)).tolist())
        decoder.apply("Concat", name, more, axis=2, output=new)
        present[new] = (form[0], [1, 2, "M", 2])
    # The flag must be used, or onnxruntime would drop the input.
    flag = decoder.apply("Cast", "use_cache_branch", to=FLOAT)
    graphs = {
        "encoder_model.ort": encoder.model(
            "encoder",
            {"input_values": (FLOAT, [1, "S"])},
            {"last_hidden_state": (FLOAT, [1, "T", _HIDDEN])},
            {},
        ),
        "decoder_model_merged.ort": decoder.model(
            "decoder",
            {
                "input_ids": (INT64, [1, 1]),
                "encoder_hidden_states": (FLOAT, [1, "T", _HIDDEN]),
                **past,
                "use_cache_branch": (BOOL, [1]),
            },
            {"logits": (FLOAT, [1, 1, 5]), **present},
            {},
        ),
    }
    del flag
    spoken = [b"<unk>", b"<s>", b"</s>", "가".encode(), "나".encode()]
    return pieces({name: _as_ort(model) for name, model in graphs.items()}, spoken)


def _as_ort(model: Any) -> bytes:
    """Return a model in onnxruntime's own format."""
    import onnxruntime

    with TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(Path(folder) / "model.ort")
        options.add_session_config_entry("session.save_model_format", "ORT")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        onnxruntime.InferenceSession(model.SerializeToString(), options)
        return (Path(folder) / "model.ort").read_bytes()
