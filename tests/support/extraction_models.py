"""A model of VoxLock's form that extracts nothing: it returns what it hears, however it is framed.

With each call of `chunk` it adds `DRIFT` to the audio, so that a test sees whether the state is
handed on. Its weights are constants; those of VoxLock need the internet.
"""

from pathlib import Path

import numpy as np
import onnx

from hwaja.engines.interface import VOICE_SAMPLES
from hwaja.engines.voxlock import FRAME_SAMPLES, HOP_SAMPLES
from hwaja.models.conversion.graph import FLOAT, Graph

STATE = (6, 32, 256)
"""The shape of VoxLock's own."""

BINS = 257

DRIFT = 2.0**-10


def write(folder: Path, *, drift: float = 0.0) -> Path:
    """Write the two graphs; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_enroll(), folder / "enroll.onnx")
    onnx.save(_chunk(drift), folder / "chunk_int8.onnx")
    return folder


def _enroll() -> onnx.ModelProto:
    graph = Graph()
    shape = graph.constant([1, 1, 1])
    mean = graph.apply("ReduceMean", "enroll", axes=[1], keepdims=1)
    ones = graph.apply("Expand", graph.constant(1.0), graph.constant([1, BINS, 10]))
    graph.apply("Mul", graph.apply("Reshape", mean, shape), ones, output="mag")
    graph.apply("Mul", graph.apply("Reshape", mean, shape), ones, output="context")
    form = FLOAT, (1, BINS, 10)
    inputs = {"enroll": (FLOAT, (1, VOICE_SAMPLES))}
    return graph.model("enroll", inputs, {"mag": form, "context": form}, {})


def _chunk(drift: float) -> onnx.ModelProto:
    graph = Graph()
    angle = 2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES
    window = ((0.5 - 0.5 * np.cos(angle)) ** 2).astype(np.float32)
    kernel = graph.weight(np.diag(-2 * window)[:, None].astype(np.float32))
    count = graph.apply("ReduceMax", "h", axes=[0, 1, 2], keepdims=0)
    moved = graph.apply("Add", "wav", graph.apply("Mul", count, graph.constant(drift)))
    channel = graph.apply("Unsqueeze", moved, graph.constant([1]))
    frames = graph.apply("Conv", channel, kernel, strides=[HOP_SAMPLES])
    used = graph.apply("Add", "enroll_mag", "context")  # the inputs must be used
    nothing = graph.apply("Mul", graph.apply("ReduceMean", used, keepdims=0), graph.constant(0.0))
    frames = graph.apply("Add", frames, nothing)
    graph.apply("Transpose", frames, output="frames", perm=[0, 2, 1])
    graph.apply("Add", "h", graph.constant(1.0), output="h_out")
    graph.apply("Identity", "c", output="c_out")
    told, state = (FLOAT, (1, BINS, 10)), (FLOAT, STATE)
    inputs = {"wav": (FLOAT, (1, "samples")), "enroll_mag": told, "context": told}
    outputs = {"frames": (FLOAT, (1, "frames", FRAME_SAMPLES)), "h_out": state, "c_out": state}
    return graph.model("chunk", {**inputs, "h": state, "c": state}, outputs, {})
