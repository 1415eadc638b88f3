"""Running converted models on onnxruntime."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hwaja.models.whisper_encoder import CONVOLVED, COUNTS, PLACED, POSITIONS, WITH_SILENCE

Array = NDArray[np.float32]


def session(file: Path | bytes) -> Any:
    """Load a model on one thread."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def metadata_of(file: Path) -> dict[str, str]:
    """Return a model's metadata, but for what the quantiser notes of itself."""
    properties = onnx.load(file, load_external_data=False).metadata_props
    return {each.key: each.value for each in properties if each.key != "onnx.infer"}


CROSS = ["n_layer_cross_k", "n_layer_cross_v"]


def encode(encoder: Path, mel: Array) -> tuple[Array, Array]:
    """Return the keys and values of every cross-attention."""
    keys, values = session(encoder).run(CROSS, {"mel": mel})
    return keys, values


def encode_bare(encoder: Path, mel: Array) -> tuple[Array, Array]:
    """Return the same without the silence that the encoder adds: what Whisper itself computes."""
    model = onnx.shape_inference.infer_shapes(onnx.load(encoder))
    extractor = onnx.utils.Extractor(model)
    front = extractor.extract_model([WITH_SILENCE], [CONVOLVED])
    behind = extractor.extract_model([PLACED, COUNTS], CROSS)
    (table,) = (
        onnx.numpy_helper.to_array(weight)
        for weight in extractor.model.graph.initializer
        if tuple(weight.dims[:1]) == (POSITIONS,)
    )
    (x,) = session(front.SerializeToString()).run(None, {WITH_SILENCE: mel})
    length = x.shape[1]
    inputs = {PLACED: x + table[:length], COUNTS: np.zeros(length, np.float32)}
    keys, values = session(behind.SerializeToString()).run(CROSS, inputs)
    return keys, values


class Decoder:
    """Decodes tokens after what was heard, and keeps what was said in the cache."""

    def __init__(self, decoder: Path, heard: tuple[Array, Array]) -> None:
        self._session = session(decoder)
        self._heard = dict(zip(("n_layer_cross_k", "n_layer_cross_v"), heard, strict=True))
        inputs = {each.name: each for each in self._session.get_inputs()}
        layers, _, _, width = inputs["in_n_layer_self_k_cache"].shape
        nothing = np.zeros((layers, heard[0].shape[1], 0, width), np.float32)
        self._said = (nothing, nothing)
        self._offset = 0
        self.looks: Array | None = None
        """What the alignment heads looked at last, (heads, tokens, time)."""

    def decode(self, tokens: list[int]) -> Array:
        """Return the logits after each of the tokens, (tokens, vocabulary)."""
        # All four, in the order of the graph: readers may know them by their places.
        logits, *self._said, looks = self._session.run(
            None,
            {
                "tokens": np.array([tokens], np.int64),
                "in_n_layer_self_k_cache": self._said[0],
                "in_n_layer_self_v_cache": self._said[1],
                "offset": np.array([self._offset], np.int64),
            }
            | self._heard,
        )
        self._offset += len(tokens)
        self.looks = looks[0]
        return np.asarray(logits[0])
