"""Checks the files of a model before sherpa-onnx reads them. Entry point: `exports`."""
