"""sherpa_onnx, loaded as hwaja wants it; everything else imports it from here."""

import os

# The library below sherpa-onnx reads this when it is loaded; hwaja sends nothing anywhere.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import sherpa_onnx

__all__ = ["sherpa_onnx"]
