"""A small Whisper folder of CTranslate2, for its checks; its weights are too few to run."""

import json
import struct
from pathlib import Path

import numpy as np
from model_files import Tensors

NAMES = [
    *("a", "Ġ", "íķľ", "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|ko|>"),
    *("<|translate|>", "<|transcribe|>", "<|notimestamps|>"),
]
WIDTH, HEADS, MELS, POSITIONS, LAYERS = 8, 2, 80, 4, 2

WEIGHTS: Tensors = {
    "encoder/conv1/weight": np.zeros((WIDTH, MELS, 3), "<f2"),
    "encoder/num_heads": np.array(HEADS, "<i2"),
    "decoder/embeddings/weight": np.zeros((len(NAMES), WIDTH), "<f2"),
    "decoder/num_heads": np.array(HEADS, "<i2"),
    "decoder/position_encodings/encodings": np.zeros((POSITIONS, WIDTH), "<f2"),
    **{f"decoder/layer_{k}/ffn/linear_0/bias": np.zeros(WIDTH, "<f2") for k in range(LAYERS)},
}

CONFIG: dict[str, object] = {
    "suppress_ids": [0, 9],
    "suppress_ids_begin": [1],
    "alignment_heads": [[0, 1], [1, 0]],
    "lang_ids": [5, 6],
}


def write_ct2_folder(folder: Path) -> Path:
    """Write the folder's files; return the folder."""
    (folder / "model.bin").write_bytes(ct2_file(WEIGHTS))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "vocabulary.json").write_text(json.dumps(NAMES), encoding="utf-8")
    return folder


def ct2_file(tensors: Tensors, specification: str = "WhisperSpec", version: int = 6) -> bytes:
    """Write a model.bin."""
    kinds = {"<f4": 0, "|i1": 1, "<i2": 2, "<i4": 3, "<f2": 4, "<u2": 5}  # the last: bfloat16
    parts = [struct.pack("<I", version), _name(specification), struct.pack("<I", 3)]
    parts.append(struct.pack("<I", len(tensors)))
    for name, tensor in tensors.items():
        form = struct.pack(f"<B{tensor.ndim}I", tensor.ndim, *tensor.shape)
        kind = struct.pack("<BI", kinds[tensor.dtype.str], tensor.nbytes)
        parts += [_name(name), form, kind, tensor.tobytes()]
    parts.append(struct.pack("<I", 0))  # aliases
    return b"".join(parts)


def _name(name: str) -> bytes:
    return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"
