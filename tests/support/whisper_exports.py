"""A small Whisper export for sherpa-onnx without any weights: it writes a word of each language.

It writes 가 in Korean and " a" in English, whatever is said, and takes whatever is said for Korean.
"""

import base64
from pathlib import Path

import numpy as np
import onnx

from hwaja.models.conversion.graph import FLOAT, INT64, Graph

ENCODER, DECODER, TOKENS = "tiny-encoder.int8.onnx", "tiny-decoder.int8.onnx", "tiny-tokens.txt"

PIECES = (b" a", b" ", "가".encode())
EOT, SOT, EN, KO, TRANSLATE, TRANSCRIBE, NO_SPEECH, NO_TIMESTAMPS = range(3, 11)
VOCABULARY = 11
MELS, LAYERS, POSITIONS, WIDTH = 80, 1, 16, 2

METADATA = {
    "model_type": "whisper-tiny",
    "n_mels": MELS,
    "n_text_layer": LAYERS,
    "n_text_ctx": POSITIONS,
    "n_text_state": WIDTH,
    "n_vocab": VOCABULARY,
    "sot": SOT,
    "eot": EOT,
    "blank_id": 1,
    "translate": TRANSLATE,
    "transcribe": TRANSCRIBE,
    "is_multilingual": 1,
    "no_timestamps": NO_TIMESTAMPS,
    "no_speech": NO_SPEECH,
    "sot_sequence": f"{SOT},{EN},{TRANSCRIBE}",
    "all_language_codes": "en,ko",
    "all_language_tokens": f"{EN},{KO}",
}


def write_whisper(folder: Path) -> Path:
    """Write the export; return its folder."""
    folder.mkdir(exist_ok=True)
    onnx.save(_encoder(), folder / ENCODER)
    onnx.save(_decoder(), folder / DECODER)
    lines = [f"{base64.b64encode(piece).decode()} {token}\n" for token, piece in enumerate(PIECES)]
    (folder / TOKENS).write_text("".join(lines), encoding="ascii")
    return folder


CROSS = {
    name: (FLOAT, [LAYERS, "N", "T", WIDTH]) for name in ("n_layer_cross_k", "n_layer_cross_v")
}
CACHES = [f"n_layer_self_{part}_cache" for part in "kv"]


def _encoder() -> onnx.ModelProto:
    graph = Graph()
    two = graph.apply("Slice", "mel", *(graph.constant([k]) for k in (0, WIDTH, 1)))
    frames = graph.apply("Transpose", two, perm=[0, 2, 1])
    for name in CROSS:
        graph.apply("Unsqueeze", frames, graph.constant([0]), output=name)
    return graph.model("encoder", {"mel": (FLOAT, ["N", MELS, "T"])}, CROSS, METADATA)


def _decoder() -> onnx.ModelProto:
    """After a word comes the end, and after the prompt the word of its language."""
    after = np.zeros((VOCABULARY, VOCABULARY), np.float32)
    after[[0, 1, 2], EOT] = 9
    after[SOT, KO] = 1
    of_language = np.zeros((VOCABULARY, VOCABULARY), np.float32)
    of_language[[EN, KO], [0, 2]] = 5
    graph = Graph()
    spoken = graph.apply("Gather", graph.weight(of_language), "tokens")
    word = graph.apply("ReduceMax", spoken, axes=[1], keepdims=1)
    scores = graph.apply("Gather", graph.weight(after), "tokens")
    graph.apply("Add", scores, word, output="logits")
    for name in CACHES:
        graph.apply("Identity", f"in_{name}", output=f"out_{name}")
    cache = (FLOAT, [LAYERS, "N", POSITIONS, WIDTH])
    return graph.model(
        "decoder",
        {
            "tokens": (INT64, ["N", "n"]),
            **{f"in_{name}": cache for name in CACHES},
            **CROSS,
            "offset": (INT64, [1]),
        },
        {
            "logits": (FLOAT, ["N", "n", VOCABULARY]),
            **{f"out_{name}": cache for name in CACHES},
        },
        {},
    )
