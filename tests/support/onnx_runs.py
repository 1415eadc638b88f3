"""Running models on onnxruntime."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

Array = NDArray[np.float32]


def session(file: Path | bytes) -> Any:
    """Load a model on one thread."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def metadata_of(file: Path) -> dict[str, str]:
    """Return a model's metadata."""
    properties = onnx.load(file, load_external_data=False).metadata_props
    return {each.key: each.value for each in properties}
