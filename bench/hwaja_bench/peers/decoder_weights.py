"""Reads the decoder of a Whisper model for CTranslate2, under the names of OpenAI's checkpoints."""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.ctranslate2.model_files import check_folder

TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""The types of model.bin in the order of their numbers (CTranslate2, `DataType`)."""

AUDIO_CONTEXT = 1500
"""Frames of Whisper's encoder for its 30 s."""

OUTSIDE = {
    "decoder/embeddings/weight": "decoder.token_embedding.weight",
    "decoder/position_encodings/encodings": "decoder.positional_embedding",
    "decoder/layer_norm/gamma": "decoder.ln.weight",
    "decoder/layer_norm/beta": "decoder.ln.bias",
}
"""OpenAI's names of the weights outside the layers."""

LAYER = {
    "self_attention/layer_norm": ("attn_ln",),
    "self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
    "self_attention/linear_1": ("attn.out",),
    "attention/layer_norm": ("cross_attn_ln",),
    "attention/linear_0": ("cross_attn.query",),
    "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
    "attention/linear_2": ("cross_attn.out",),
    "ffn/layer_norm": ("mlp_ln",),
    "ffn/linear_0": ("mlp1",),
    "ffn/linear_1": ("mlp2",),
}
"""OpenAI's names of the parts of a layer. CTranslate2 joins projections of the same input.

The feed-forward network has MLX's names, since WhisperLiveKit reads `alignment_heads` only from a
checkpoint with these.
"""

KINDS = {"weight": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}

Weights = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Decoder:
    """A decoder without the encoder, in float32."""

    dimensions: Mapping[str, int]
    weights: Mapping[str, NDArray[np.float32]]
    alignment_heads: list[list[int]]
    """The heads that date the tokens: the layer of each, and its number within the layer."""


def read_decoder(folder: Path) -> Decoder:
    """Read a decoder whose weights are not quantised.

    Raises:
        EngineError: where the folder has no Whisper model for CTranslate2.

    """
    check_folder(folder)
    weights = _read(folder / "model.bin")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Decoder(
        _dimensions(weights),
        {name: each.astype(np.float32) for name, each in _renamed(weights)},
        config["alignment_heads"],
    )


def _read(file: Path) -> Weights:
    """Return the variables of a checked model.bin."""
    with file.open("rb") as stream:

        def numbers(layout: str) -> tuple[int, ...]:
            return struct.unpack(layout, stream.read(struct.calcsize(layout)))

        def name() -> str:
            return stream.read(*numbers("<H")).rstrip(b"\0").decode()

        numbers("<I"), name(), numbers("<I")  # version, specification, revision
        found = {}
        for _ in range(*numbers("<I")):
            key, (axes,) = name(), numbers("<B")
            shape, (kind, size_bytes) = numbers(f"<{axes}I"), numbers("<BI")
            found[key] = np.frombuffer(stream.read(size_bytes), TYPES[kind]).reshape(shape)
    return found


def _dimensions(weights: Weights) -> dict[str, int]:
    """Return the dimensions by OpenAI's names."""
    width, mels, _ = weights["encoder/conv1/weight"].shape
    positions, _ = weights["decoder/position_encodings/encodings"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": AUDIO_CONTEXT,
        "n_audio_state": width,
        "n_audio_head": int(weights["encoder/num_heads"]),
        "n_audio_layer": _layers(weights, "encoder"),
        "n_vocab": len(weights["decoder/embeddings/weight"]),
        "n_text_ctx": positions,
        "n_text_state": width,
        "n_text_head": int(weights["decoder/num_heads"]),
        "n_text_layer": _layers(weights, "decoder"),
    }


def _layers(weights: Weights, part: str) -> int:
    return sum(f"{part}/layer_" in name and name.endswith("ffn/linear_0/bias") for name in weights)


def _renamed(weights: Weights) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for source, target in OUTSIDE.items():
        yield target, weights[source]
    for number in range(_layers(weights, "decoder")):
        for (part, targets), (suffix, kind) in product(LAYER.items(), KINDS.items()):
            joined = weights.get(f"decoder/layer_{number}/{part}/{suffix}")
            if joined is None:
                continue
            for target, each in zip(targets, np.split(joined, len(targets)), strict=True):
                if (target.rpartition(".")[2], kind) != ("key", "bias"):  # Whisper has none
                    yield f"decoder.blocks.{number}.{target}.{kind}", each
