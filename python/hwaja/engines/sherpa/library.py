"""Imports sherpa_onnx with telemetry off; all other modules import it from here."""

import os

# onnxruntime reads this when it is loaded. hwaja sends no telemetry.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import sherpa_onnx

__all__ = ["sherpa_onnx"]
