"""Converts published weights to the ONNX graphs that the engines run, and makes test models."""
