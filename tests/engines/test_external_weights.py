"""Weights outside an ONNX file: in another file of its folder, and nowhere else."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.model_files import read_model


def write(folder: Path, location: str) -> Path:
    """Write a model whose weights are said to be at a location."""
    weight = numpy_helper.from_array(np.zeros(300, np.float32), "w")
    value = onnx.helper.make_tensor_value_info("x", 1, [300])
    node = onnx.helper.make_node("Add", ["x", "w"], ["y"])
    result = onnx.helper.make_tensor_value_info("y", 1, [300])
    graph = onnx.helper.make_graph([node], "g", [value], [result], [weight])
    model = onnx.helper.make_model(graph)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", "0"), ("length", "1200")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, text
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder / "model.onnx"


def test_weights_in_a_file_beside_the_model_are_accepted(tmp_path: Path) -> None:
    """As Cohere Transcribe has them."""
    (tmp_path / "model.onnx.data").write_bytes(bytes(1200))
    assert [*read_model(write(tmp_path, "model.onnx.data")).inputs] == ["x"]


@pytest.mark.parametrize(
    "location", ["absent.data", "../beside.data", "/etc/passwd", "sub/model.data", "", "a\nb"]
)
def test_weights_elsewhere_are_refused_in_one_sentence(location: str, tmp_path: Path) -> None:
    """onnxruntime would fail, and sherpa-onnx end the process."""
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for name in ("../beside.data", "sub/model.data"):
        (folder / name).write_bytes(bytes(1200))
    with pytest.raises(EngineError, match="which is not beside it") as caught:
        read_model(write(folder, location))
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))
