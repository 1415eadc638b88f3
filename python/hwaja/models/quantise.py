"""Quantises weights to 8 bits."""

import logging
import os
from pathlib import Path
from typing import Any

from hwaja.models.errors import ModelError


def save_int8(model: Any, file: Path) -> None:
    """Write `model` with the weights of its matrix products in 8 bits.

    Each output channel has its own scale. The values use 7 bits only: x86 processors with AVX2 but
    without VNNI add two 8-bit products in 16 bits, which saturates. With 8 bits, the error rate
    rose there from 0.135 to 0.211 on Korean dialogue (bench/RESULTS.md). Other processors lose
    nothing with 7 bits.

    Raises:
        ModelError: where onnxruntime is not installed.

    """
    # onnxruntime reads this once, when it is loaded. Without it, 1.29 and later send telemetry.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        raise ModelError(
            "Converting this model needs onnxruntime; install hwaja[cpu] (or hwaja[gpu] for CUDA)."
        ) from None

    root = logging.getLogger()
    was_disabled = root.disabled
    root.disabled = True  # it logs advice on preprocessing, which changes nothing here
    try:
        quantize_dynamic(
            model,
            file,
            op_types_to_quantize=["MatMul"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
    finally:
        root.disabled = was_disabled
