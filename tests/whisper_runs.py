"""Running converted models on onnxruntime, the way sherpa-onnx does."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

Array = NDArray[np.float32]


def session(file: Path) -> Any:
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


def encode(encoder: Path, mel: Array) -> tuple[Array, Array]:
    """Return the keys and values of every cross-attention."""
    keys, values = session(encoder).run(["n_layer_cross_k", "n_layer_cross_v"], {"mel": mel})
    return keys, values


class Decoder:
    """Decodes tokens after what was heard, and keeps what was said in the cache."""

    def __init__(self, decoder: Path, heard: tuple[Array, Array]) -> None:
        self._session = session(decoder)
        self._heard = dict(zip(("n_layer_cross_k", "n_layer_cross_v"), heard, strict=True))
        inputs = {each.name: each for each in self._session.get_inputs()}
        layers, _, positions, width = inputs["in_n_layer_self_k_cache"].shape
        nothing = np.zeros((layers, heard[0].shape[1], positions, width), np.float32)
        self._said = (nothing, nothing)
        self._offset = 0
        self.looks: Array | None = None
        """What the alignment heads looked at last, (heads, tokens, time)."""

    def decode(self, tokens: list[int]) -> Array:
        """Return the logits after each of the tokens, (tokens, vocabulary)."""
        # All four, in the order of the graph: sherpa-onnx knows them by their places.
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
