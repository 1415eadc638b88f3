"""Small offline models of the families of sherpa-onnx that have a language model, without weights.

Each writes 가 once if any part of the audio is loud, 나 in English, and 다 where it expects Q.
"""

import json
from typing import Any

import numpy as np
from offline_decoders import after, loudest, one_hot
from offline_parts import Folder
from streaming_parts import BOOL, LOUD, Values

from hwaja.models.conversion.graph import FLOAT, INT64, Graph

_PLAIN = [*range(33, 127), *range(161, 173), *range(174, 256)]
_BYTES = {byte: chr(byte) for byte in _PLAIN}
_BYTES |= {
    byte: chr(256 + place)
    for place, byte in enumerate(byte for byte in range(256) if byte not in _BYTES)
}
"""The character that stands for each byte in a tokenizer of GPT-2."""


def spelled(text: str) -> str:
    return "".join(_BYTES[byte] for byte in text.encode())


WORDS = ["가", "나", "다", "language", " Korean", " English"]
MARKS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>",
    "<|audio_start|>", "<|audio_end|>", "<|audio_pad|>", "<asr_text>",
]  # fmt: skip
VOCABULARY = [*_BYTES.values(), *map(spelled, WORDS), *MARKS]
COUNT = len(VOCABULARY)


def number(token: str) -> int:
    return VOCABULARY.index(token)


GA, NA, DA, LANGUAGE, KOREAN, ENGLISH = (number(spelled(word)) for word in WORDS)
IM_END, AUDIO_END = number("<|im_end|>"), number("<|audio_end|>")
ASR_TEXT, NEWLINE = number("<asr_text>"), number(_BYTES[10])
LIMIT = 1024  # length of the cache


def _tokenizer(folder: str) -> dict[str, str]:
    words = {token: place for place, token in enumerate(VOCABULARY) if token not in MARKS}
    merges = ["#version: 0.2"]
    added = [{"id": number(mark), "content": mark, "special": True} for mark in MARKS]
    return {
        f"{folder}/vocab.json": json.dumps(words),
        f"{folder}/merges.txt": "\n".join(merges) + "\n",
        f"{folder}/tokenizer_config.json": json.dumps(
            {"added_tokens_decoder": {str(entry["id"]): entry for entry in added}}
        ),
        f"{folder}/tokenizer.json": json.dumps({"added_tokens": added}),
    }


def _choose(
    graph: Graph, seen: str, loud: str, scores: Any, said: dict[int, int], begin: int
) -> None:
    """Write logits: by the token itself, by what was seen before, by loudness.

    Args:
        graph: the graph; it writes "logits", (1, S, V).
        seen: one-hot tokens, (1, S, V).
        loud: 1 or 0, (1, 1, 1).
        scores: of each token after each token.
        said: what is written instead of 가 after `begin` if a token was seen; the last one counts.
        begin: the token that is followed by the text.

    """
    total = graph.apply("MatMul", seen, graph.weight(scores))
    prompted = graph.apply("ReduceMax", seen, axes=[1], keepdims=1)
    swaps = np.zeros((COUNT, COUNT), np.float32)
    for place, (sign, word) in enumerate(said.items()):
        swaps[sign, word] = 100 * (place + 1)
    begins = graph.apply("MatMul", seen, graph.weight(_column(begin)))
    wanted = graph.apply("MatMul", prompted, graph.weight(swaps))
    total = graph.apply("Add", total, graph.apply("Mul", wanted, begins))
    # sherpa-onnx takes the end for the first token only if there is no other: then it is a mark.
    silent = one_hot(COUNT, IM_END, 10_000) + one_hot(COUNT, AUDIO_END, 9_000)
    hush = graph.apply("Sub", graph.constant(1.0), loud)
    hush = graph.apply("Mul", graph.apply("Mul", hush, begins), graph.weight(silent))
    graph.apply("Add", total, hush, output="logits")


def _column(*tokens: int) -> Any:
    column = np.zeros((COUNT, 1), np.float32)
    column[list(tokens)] = 1
    return column


def _deltas(graph: Graph, column: str, layers: int = 2) -> tuple[Values, Values]:
    """Write what is added to the caches: nothing but zeros, one row for each of a column."""
    past: Values = {}
    new: Values = {}
    zeros = graph.apply("Mul", column, graph.constant(0.0))
    zeros = graph.apply("Unsqueeze", zeros, graph.constant([3]))
    delta = graph.apply("Expand", zeros, graph.constant([1, 1, 2, 4]))
    for layer in range(layers):
        for part in ("key", "value"):
            past[f"cache_{part}_{layer}"] = (FLOAT, [1, LIMIT, 2, 4])
            graph.apply("Identity", delta, output=f"{part}_delta_{layer}")
            new[f"{part}_delta_{layer}"] = (FLOAT, [1, "S", 2, 4])
    return past, new


def qwen3_asr() -> Folder:
    """Without a language it says one first, as the real one does: language Korean<asr_text>가."""
    frontend, encoder, decoder = Graph(), Graph(), Graph()
    level = frontend.apply("ReduceMean", "input_features", axes=[2], keepdims=1)
    every = [frontend.constant([value]) for value in (0, 2**31, 1, 8)]
    frontend.apply("Slice", level, *every, output="conv_output")
    loud = loudest(encoder, "conv_output", 2, 0.0)
    mask = encoder.apply("Cast", "mask", to=FLOAT)
    rows = encoder.apply("Mul", loud, encoder.apply("Unsqueeze", mask, encoder.constant([2])))
    rows = encoder.apply("Add", rows, encoder.constant(0.001))  # all zeros are cut off
    encoder.apply("Expand", rows, encoder.constant([1, 1, 4]), output="audio_features")
    seen = decoder.apply("Gather", decoder.weight(np.eye(COUNT, dtype=np.float32)), "input_ids")
    top = decoder.apply("ReduceMax", "audio_features", axes=[1, 2], keepdims=1)
    is_loud = decoder.apply("Cast", decoder.apply("Greater", top, decoder.constant(0.5)), to=FLOAT)
    chain = [(NEWLINE, LANGUAGE), (LANGUAGE, KOREAN), (KOREAN, ASR_TEXT), (ASR_TEXT, GA)]
    ends = [(word, IM_END) for word in (GA, NA, DA, AUDIO_END)]
    said = {number("E"): NA, number("Q"): DA}
    _choose(decoder, seen, is_loud, after(COUNT, [*chain, *ends]), said, ASR_TEXT)
    past, new = _deltas(decoder, decoder.apply("ReduceMax", seen, axes=[2], keepdims=1))
    used = decoder.apply("Cast", "cache_position", to=FLOAT)
    graphs = {
        "conv_frontend.onnx": frontend.model(
            "frontend",
            {"input_features": (FLOAT, [1, "T", 128])},
            {"conv_output": (FLOAT, [1, "A", 1])},
            {},
        ),
        "encoder.int8.onnx": encoder.model(
            "encoder",
            {"conv_output": (FLOAT, [1, "A", 1]), "mask": (BOOL, [1, "A"])},
            {"audio_features": (FLOAT, [1, "A", 4])},
            {},
        ),
        "decoder.int8.onnx": decoder.model(
            "decoder",
            {
                "input_ids": (INT64, [1, "S"]),
                "audio_features": (FLOAT, [1, "A", 4]),
                "attention_mask": (INT64, [1, "M"]),
                "cache_position": (INT64, ["S"]),
                **past,
            },
            {"logits": (FLOAT, [1, "S", COUNT]), **new},
            {},
        ),
    }
    del used
    return Folder(graphs, _tokenizer("tokenizer"))


def funasr_nano() -> Folder:
    """It is asked for a language in Chinese: 韩文 or 英文."""
    adaptor, llm, embedding = Graph(), Graph(), Graph()
    width = COUNT + 1  # the last column is the loudness
    mean = adaptor.apply("ReduceMean", "speech", axes=[2], keepdims=1)
    loud = adaptor.apply("Greater", mean, adaptor.constant(-LOUD))
    column = adaptor.apply("Cast", loud, to=FLOAT)
    graph_row = adaptor.weight(one_hot(width, COUNT))
    adaptor.apply("Mul", column, graph_row, output="audio")
    eye = np.eye(COUNT, width, dtype=np.float32)
    embedding.apply("Gather", embedding.weight(eye), "input_ids", output="embeddings")
    seen = llm.apply("Slice", "inputs_embeds", *(llm.constant([k]) for k in (0, COUNT, 2)))
    level = llm.apply("Slice", "inputs_embeds", *(llm.constant([k]) for k in (COUNT, width, 2)))
    is_loud = llm.apply("ReduceMax", level, axes=[1], keepdims=1)
    scores = after(COUNT, [(NEWLINE, GA), *((word, IM_END) for word in (GA, NA, DA))])
    said = {number(spelled("英")[2]): NA, number("Q"): DA}  # no other word of the prompt has them
    _choose(llm, seen, is_loud, scores, said, NEWLINE)
    past, new = _deltas(llm, llm.apply("ReduceMax", "inputs_embeds", axes=[2], keepdims=1))
    metadata = {
        "model_type": "qwen3_kv_delta",
        "vocab_size": COUNT,
        "hidden_size": width,
        "num_layers": 2,
        "max_total_len": LIMIT,
    }
    graphs = {
        "encoder_adaptor.int8.onnx": adaptor.model(
            "adaptor",
            {"speech": (FLOAT, [1, "T", 560])},
            {"audio": (FLOAT, [1, "T", width])},
            {"lfr_window_size": 7, "lfr_window_shift": 6, "llm_dim": width},
        ),
        "llm.int8.onnx": llm.model(
            "llm",
            {
                "inputs_embeds": (FLOAT, [1, "S", width]),
                "attention_mask": (INT64, [1, "M"]),
                "cache_position": (INT64, ["S"]),
                **past,
            },
            {"logits": (FLOAT, [1, "S", COUNT]), **new},
            metadata,
        ),
        "embedding.int8.onnx": embedding.model(
            "embedding",
            {"input_ids": (INT64, [1, "S"])},
            {"embeddings": (FLOAT, [1, "S", width])},
            {"hidden_size": width},
        ),
    }
    return Folder(graphs, _tokenizer("Qwen3-0.6B"))
