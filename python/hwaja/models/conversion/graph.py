"""Builds ONNX graphs: generates names and stores weights and constants; callers add operators."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
INT32 = TensorProto.INT32
INT64 = TensorProto.INT64

OPSET = 17
"""Operator set of the graphs: the first with LayerNormalization."""

IR_VERSION = 8
"""ONNX file format version (IR version) of the operator set."""

Shape = Sequence[int | str]
"""Axis lengths of a value; a name stands for any length."""


class Graph:
    """A graph under construction; its values are referenced by name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def weight(self, array: NDArray[Any]) -> str:
        """Add trained weights; 16-bit floats stay 16-bit."""
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def constant(self, value: ArrayLike) -> str:
        """Add a number or list of numbers: integers as int64, others as float32."""
        array = np.array(value)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.weight(array)
        return self._constants[key]

    def apply(
        self,
        operator: str,
        *inputs: str,
        output: str | None = None,
        others: Sequence[str] = (),
        **attributes: Any,
    ) -> str:
        """Add a node; return the name of its first output. `others` names further outputs."""
        name = output or f"{operator}_{len(self._nodes)}"
        node_name = f"node_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [name, *others], name=node_name, **attributes)
        )
        return name

    def axis_length(self, value: str, axis: int) -> str:
        """Return the length of an axis of `value`, as a list of one number."""
        shape = self.apply("Shape", value)
        return self.apply("Slice", shape, self.constant([axis]), self.constant([axis + 1]))

    def model(
        self,
        name: str,
        inputs: Mapping[str, tuple[int, Shape]],
        outputs: Mapping[str, tuple[int, Shape]],
        metadata: Mapping[str, object],
    ) -> Any:
        """Return the finished model, checked by onnx.

        Args:
            name: name of the graph.
            inputs: name to element type and shape.
            outputs: name to element type and shape.
            metadata: keys and values that the model's reader looks up.

        """
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(n, *form) for n, form in inputs.items()],
            [helper.make_tensor_value_info(n, *form) for n, form in outputs.items()],
            self._weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="hwaja",
        )
        helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
        onnx.checker.check_model(model)
        return model


def lstm_gates(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder rows of an LSTM from PyTorch (input, forget, cell, output) to ONNX (cell last)."""
    input_gate, forget, cell, output = np.split(array, 4)
    return np.concatenate([input_gate, output, forget, cell])
