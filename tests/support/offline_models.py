"""Small offline models of the families of sherpa-onnx that have one graph, without any weights.

Each writes 가 where it becomes loud, whatever is said. They have the inputs, outputs and metadata
of their families. `offline_decoders` has the families with a decoder.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from offline_decoders import (
    canary,
    cohere_transcribe,
    fire_red_asr,
    moonshine,
    moonshine_v2,
    whisper,
)
from offline_llms import funasr_nano, qwen3_asr
from offline_parts import ALL, Folder, blank_of, pieces, plain
from streaming_parts import (
    INT32,
    LOUD,
    NEMO_BLANK,
    NEMO_VOCABULARY,
    VOCABULARY,
    Values,
    loudness_of,
    scores_of,
    write_ctc_scores,
)
from transducer_models import icefall, nemo

from hwaja.models.conversion.graph import FLOAT, INT64, Graph


def write(family: str, folder: Path) -> Path:
    """Write a model of a family; return its folder."""
    return FAMILIES[family]().write(folder)


def _ceil_quarter(graph: Graph, lengths: str) -> str:
    more = graph.apply("Add", lengths, graph.constant([3]))
    return graph.apply("Div", more, graph.constant([4]))


def _ctc(
    metadata: Mapping[str, object],
    vocabulary: Sequence[str] = VOCABULARY,
    *,
    mels: int = 80,
    mel_axis: int = 2,
    floor: float = -LOUD,
    written_lengths: bool = True,
) -> Folder:
    """A CTC model whose features are mel bins, with an output for four frames."""
    graph = Graph()
    loudness = loudness_of(graph, "x", mel_axis, ALL)
    loudness = graph.apply("Sub", loudness, graph.constant(floor + LOUD))
    blank = blank_of(vocabulary)
    write_ctc_scores(graph, loudness, len(vocabulary), blank, "log_probs")
    inputs: Values = {"x": (FLOAT, ["N", "T", mels] if mel_axis == 2 else ["N", mels, "T"])}
    inputs["x_lens"] = (INT64, ["N"])
    outputs: Values = {"log_probs": (FLOAT, ["N", "U", len(vocabulary)])}
    if written_lengths:
        graph.apply("Identity", _ceil_quarter(graph, "x_lens"), output="log_probs_lens")
        outputs["log_probs_lens"] = (INT64, ["N"])
    return plain({"model.int8.onnx": graph.model("ctc", inputs, outputs, metadata)}, vocabulary)


def zipformer_ctc() -> Folder:
    return _ctc({"model_type": "zipformer2_ctc", "version": "1", "comment": "non-streaming"})


def nemo_ctc() -> Folder:
    metadata = {
        "model_type": "EncDecCTCModelBPE",
        "vocab_size": NEMO_BLANK,
        "subsampling_factor": 4,
        "normalize_type": "",
    }
    return _ctc(metadata, NEMO_VOCABULARY, mel_axis=1, written_lengths=False)


def wenet_ctc() -> Folder:
    metadata = {
        "model_type": "wenet_ctc",
        "subsampling_factor": 4,
        "vocab_size": len(VOCABULARY),
    }
    # sherpa-onnx gives it samples in the 16-bit range, with dither.
    return _ctc(metadata, ["<blank>", *VOCABULARY[1:]], floor=12.0)


def dolphin_ctc() -> Folder:
    metadata = {
        "model_type": "dolphin",
        "vocab_size": len(VOCABULARY),
        "mean": ",".join(["0.0"] * 80),
        "invstd": ",".join(["1.0"] * 80),
    }
    return _ctc(metadata)


def fire_red_asr_ctc() -> Folder:
    metadata = {
        "model_type": "fire-red-asr-2-ctc",
        "cmvn_mean": ",".join(["0.0"] * 80),
        "cmvn_inv_stddev": ",".join(["1.0"] * 80),
    }
    return _ctc(metadata)


def medasr_ctc() -> Folder:
    graph = Graph()
    write_ctc_scores(graph, loudness_of(graph, "x", 2, ALL), len(VOCABULARY), 0, "logits")
    lengths = graph.apply("ReduceSum", "mask", graph.constant([1]), keepdims=0)
    graph.apply("Identity", _ceil_quarter(graph, lengths), output="logits_len")
    model = graph.model(
        "medasr",
        {"x": (FLOAT, ["N", "T", 128]), "mask": (INT64, ["N", "T"])},
        {"logits": (FLOAT, ["N", "U", len(VOCABULARY)]), "logits_len": (INT64, ["N"])},
        {"model_type": "medasr_ctc", "vocab_size": len(VOCABULARY)},
    )
    return plain({"model.onnx": model}, VOCABULARY)


def telespeech_ctc() -> Folder:
    """Its features are MFCC, of which the first is the sum of the mel bins.

    They are normalised, so that it writes where an utterance is louder than its quietest part.
    """
    graph = Graph()
    first = graph.apply("Slice", "x", *(graph.constant([number]) for number in (0, 1, 2)))
    above = graph.apply("Sub", first, graph.apply("ReduceMin", first, axes=[1], keepdims=1))
    loudness = loudness_of(graph, above, 2, ALL)
    loudness = graph.apply("Sub", loudness, graph.constant(LOUD + 1.0))
    write_ctc_scores(graph, loudness, len(VOCABULARY), 0, "scores")
    graph.apply("Transpose", "scores", perm=[1, 0, 2], output="logits")
    model = graph.model(
        "telespeech",
        {"x": (FLOAT, [1, "T", 40])},
        {"logits": (FLOAT, ["U", 1, len(VOCABULARY)])},
        {"model_type": "telespeech_ctc"},
    )
    return plain({"model.int8.onnx": model}, VOCABULARY)


def omnilingual_asr_ctc() -> Folder:
    """It takes samples, with an output for 20 ms."""
    graph = Graph()
    level = graph.apply("Unsqueeze", graph.apply("Abs", "x"), graph.constant([1]))
    peak = graph.apply("MaxPool", level, kernel_shape=[320], strides=[320])
    loudness = graph.apply(
        "Squeeze", graph.apply("Sub", peak, graph.constant(0.2)), graph.constant([1])
    )
    write_ctc_scores(graph, loudness, len(VOCABULARY), 0, "logits")
    model = graph.model(
        "omnilingual",
        {"x": (FLOAT, ["N", "S"])},
        {"logits": (FLOAT, ["N", "U", len(VOCABULARY)])},
        {"model_type": "omnilingual-asr", "vocab_size": len(VOCABULARY), "sample_rate": 16000},
    )
    return plain({"model.int8.onnx": model}, VOCABULARY)


SENSE_VOCABULARY = [
    "<unk>",
    "<s>",
    "</s>",
    "가",
    "나",
    "<|ko|>",
    "<|en|>",
    "<|NEUTRAL|>",
    "<|Speech|>",
    "<|woitn|>",
]
_SENSE_LANGUAGES = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12}


def _joined(mels: int = 560) -> dict[str, object]:
    return {
        "lfr_window_size": 7,
        "lfr_window_shift": 6,
        "neg_mean": ",".join(["0.0"] * mels),
        "inv_stddev": ",".join(["1.0"] * mels),
    }


def sense_voice() -> Folder:
    """It writes 가, or 나 when asked for English; the language and the like come first."""
    graph, count = Graph(), len(SENSE_VOCABULARY)
    mean = graph.apply("ReduceMean", "x", axes=[2], keepdims=1)
    loudness = graph.apply("Add", mean, graph.constant(LOUD))
    english = graph.apply("Equal", graph.apply("Cast", "language", to=INT64), graph.constant([4]))
    english = graph.apply(
        "Unsqueeze", graph.apply("Cast", english, to=FLOAT), graph.constant([1, 2])
    )
    scores = scores_of(graph, loudness, graph.constant(0.0), count, 0)
    swap = np.zeros(count, np.float32)
    swap[[3, 4]] = -2, 2
    scores = graph.apply("Add", scores, graph.apply("Mul", english, graph.weight(swap)))
    rows = np.zeros((1, 4, count), np.float32)
    rows[0, [0, 1, 2, 3], [5, 7, 8, 9]] = 1000
    other = np.zeros((1, 4, count), np.float32)
    other[0, 0, 6] = 2000
    head = graph.apply("Add", graph.weight(rows), graph.apply("Mul", english, graph.weight(other)))
    graph.apply("Concat", head, scores, axis=1, output="logits")
    whole: Values = {name: (INT32, ["N"]) for name in ("x_length", "language", "text_norm")}
    model = graph.model(
        "sense_voice",
        {"x": (FLOAT, ["N", "T", 560]), **whole},
        {"logits": (FLOAT, ["N", "U", count])},
        {
            "model_type": "sense_voice_ctc",
            "vocab_size": count,
            "normalize_samples": 0,
            "with_itn": 14,
            "without_itn": 15,
            **{f"lang_{code}": number for code, number in _SENSE_LANGUAGES.items()},
            **_joined(),
        },
    )
    return plain({"model.int8.onnx": model}, SENSE_VOCABULARY)


def sense_voice_nano() -> Folder:
    """The CTC branch of FunASR Nano, which has another table of tokens."""
    graph, spoken = Graph(), [b"a", b"b", b"c", "가".encode(), "나".encode(), b""]
    mean = graph.apply("ReduceMean", "x", axes=[2], keepdims=1)
    loudness = graph.apply("Add", mean, graph.constant(LOUD))
    scores = scores_of(graph, loudness, graph.constant(0.0), len(spoken), 5)
    graph.apply("Identity", scores, output="logits")
    metadata = _joined() | {
        "model_type": "sense_voice_ctc",
        "vocab_size": len(spoken),
        "blank_id": 5,
        "normalize_samples": 0,
        "comment": "FunAudioLLM/Fun-ASR-Nano-2512",
    }
    for key in ("neg_mean", "inv_stddev"):
        del metadata[key]
    model = graph.model(
        "nano",
        {"x": (FLOAT, [1, "T", 560])},
        {"logits": (FLOAT, [1, "U", len(spoken)])},
        metadata,
    )
    return pieces({"model.int8.onnx": model}, spoken)


PARAFORMER_TOKENS = ["<blank>", "<s>", "</s>", "가", "나"]


def paraformer() -> Folder:
    """It writes 가 once if any part is loud."""
    graph, count = Graph(), len(PARAFORMER_TOKENS)
    mean = graph.apply("ReduceMean", "speech", axes=[2], keepdims=0)
    # An utterance shorter than the longest is followed by zeros.
    place = graph.apply(
        "CumSum",
        graph.apply("Add", graph.apply("Mul", mean, graph.constant(0.0)), graph.constant(1.0)),
        graph.constant(1),
    )
    whole = graph.apply("Cast", "speech_lengths", to=FLOAT)
    whole = graph.apply("Unsqueeze", whole, graph.constant([1]))
    beyond = graph.apply("Cast", graph.apply("Greater", place, whole), to=FLOAT)
    mean = graph.apply("Sub", mean, graph.apply("Mul", beyond, graph.constant(100.0)))
    loudest = graph.apply("ReduceMax", mean, axes=[1], keepdims=1)
    loudness = graph.apply("Add", loudest, graph.constant(LOUD))
    column = graph.apply("Unsqueeze", loudness, graph.constant([2]))
    first = scores_of(graph, column, graph.constant(0.0), count, 2)
    end = np.zeros((1, 1, count), np.float32)
    end[0, 0, 2] = 1
    last = graph.apply("Add", graph.apply("Mul", first, graph.constant(0.0)), graph.weight(end))
    graph.apply("Concat", first, last, axis=1, output="logits")
    graph.apply("Identity", "speech_lengths", output="token_num")
    model = graph.model(
        "paraformer",
        {"speech": (FLOAT, ["N", "T", 560]), "speech_lengths": (INT32, ["N"])},
        {"logits": (FLOAT, ["N", "U", count]), "token_num": (INT32, ["N"])},
        {"model_type": "paraformer", "vocab_size": count, **_joined()},
    )
    return plain({"model.int8.onnx": model}, PARAFORMER_TOKENS)


# Transducers ------------------------------------------------------------------------------------


def transducer() -> Folder:
    graph = Graph()
    loudness = loudness_of(graph, "x", 2, ALL)
    graph.apply("Unsqueeze", loudness, graph.constant([2]), output="encoder_out")
    graph.apply("Identity", _ceil_quarter(graph, "x_lens"), output="encoder_out_lens")
    encoder = graph.model(
        "encoder",
        {"x": (FLOAT, ["N", "T", 80]), "x_lens": (INT64, ["N"])},
        {"encoder_out": (FLOAT, ["N", "U", 1]), "encoder_out_lens": (INT64, ["N"])},
        {"model_type": "zipformer2", "version": "1", "comment": "non-streaming zipformer2"},
    )
    return plain(*icefall(encoder))


_NEMO_METADATA = {
    "model_type": "EncDecRNNTBPEModel",
    "vocab_size": NEMO_BLANK,
    "normalize_type": "",
    "pred_rnn_layers": 2,
    "pred_hidden": 8,
    "subsampling_factor": 4,
    "feat_dim": 80,
}


def nemo_transducer(durations: int = 0) -> Folder:
    graph = Graph()
    loudness = loudness_of(graph, "audio_signal", 1, ALL)
    graph.apply("Unsqueeze", loudness, graph.constant([1]), output="outputs")
    graph.apply("Identity", _ceil_quarter(graph, "length"), output="encoded_lengths")
    url = "https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3" if durations else ""
    encoder = graph.model(
        "encoder",
        {"audio_signal": (FLOAT, ["N", 80, "T"]), "length": (INT64, ["N"])},
        {"outputs": (FLOAT, ["N", 1, "U"]), "encoded_lengths": (INT64, ["N"])},
        _NEMO_METADATA | ({"url": url} if url else {}),
    )
    return plain(*nemo(encoder, durations=durations))


def parakeet_tdt() -> Folder:
    return nemo_transducer(durations=5)


FAMILIES: dict[str, Callable[[], Folder]] = {
    "transducer": transducer,
    "nemo-transducer": nemo_transducer,
    "parakeet-tdt": parakeet_tdt,
    "zipformer-ctc": zipformer_ctc,
    "nemo-ctc": nemo_ctc,
    "wenet-ctc": wenet_ctc,
    "telespeech-ctc": telespeech_ctc,
    "dolphin-ctc": dolphin_ctc,
    "omnilingual-ctc": omnilingual_asr_ctc,
    "medasr-ctc": medasr_ctc,
    "fire-red-ctc": fire_red_asr_ctc,
    "sense-voice": sense_voice,
    "sense-voice-nano": sense_voice_nano,
    "paraformer": paraformer,
    "whisper": whisper,
    "canary": canary,
    "cohere": cohere_transcribe,
    "fire-red": fire_red_asr,
    "moonshine": moonshine,
    "moonshine-v2": moonshine_v2,
    "qwen3-asr": qwen3_asr,
    "funasr-nano": funasr_nano,
}
