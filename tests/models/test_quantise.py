"""The rounding of 8-bit weights, and onnxruntime's telemetry setting before it is loaded."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from hwaja.models import ModelError
from hwaja.models.graph import FLOAT, Graph
from hwaja.models.quantise import save_int8


def test_each_output_channel_has_its_own_scale_and_seven_bits(tmp_path: Path) -> None:
    """Processors that add two products in 16 bits saturate on more."""
    weight = np.array([[1.0, 0.1], [-0.5, 0.05], [0.25, -0.1]], np.float32)
    graph = Graph()
    graph.apply("MatMul", "x", graph.weight(weight), output="y")
    shapes = {"x": (FLOAT, ("N", 3))}, {"y": (FLOAT, ("N", 2))}
    save_int8(graph.model("product", *shapes, metadata={}), tmp_path / "int8.onnx")
    stored = onnx.load(tmp_path / "int8.onnx").graph.initializer
    arrays = {each.name.split("_")[-1]: numpy_helper.to_array(each) for each in stored}
    assert arrays["scale"].shape == (2,)
    assert arrays["quantized"].dtype == np.int8
    assert np.abs(arrays["quantized"]).max(axis=0).tolist() == [64, 64]
    rounded = arrays["quantized"] * arrays["scale"]
    assert (np.abs(rounded - weight) <= 0.51 * arrays["scale"]).all()


def test_quantisation_loads_onnxruntime_with_telemetry_disabled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """onnxruntime reads the setting when it is loaded."""
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    script = """
import os, sys
class Watch:
    def find_spec(name, *_):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))
            sys.exit()
sys.meta_path.insert(0, Watch)
from hwaja.models.quantise import save_int8
save_int8(None, None)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def test_quantisation_without_onnxruntime_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    with pytest.raises(ModelError, match=r"^Converting .* install hwaja\[cpu\]"):
        save_int8(None, tmp_path / "model.onnx")
