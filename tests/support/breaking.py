"""Changes that break the folder of a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from hwaja.models.conversion.graph import FLOAT

Change = Callable[[Path], object]


def part(folder: Path, name: str) -> Path:
    """The file of a folder that has `name` in its own; the only model file for ""."""
    (found,) = (file for file in folder.glob("*.onnx") if name in file.name)
    return found


def graph(name: str, change: Callable[[Any], object]) -> Change:
    """Change the model of a part."""

    def changed(folder: Path) -> None:
        model = onnx.load(part(folder, name))
        change(model)
        onnx.save(model, part(folder, name))

    return changed


def metadata(name: str, key: str, value: str | None) -> Change:
    """Set a key of a part's metadata, or remove it."""

    def change(model: Any) -> None:
        kept = {entry.key: entry.value for entry in model.metadata_props if entry.key != key}
        onnx.helper.set_model_props(model, kept | ({} if value is None else {key: value}))

    return graph(name, change)


def removed(pattern: str) -> Change:
    return lambda folder: [file.unlink() for file in folder.glob(pattern)]


def tokens(change: Callable[[bytes], bytes]) -> Change:
    def changed(folder: Path) -> None:
        table = folder / "tokens.txt"
        table.write_bytes(change(table.read_bytes()))

    return changed


def named(name: str, new: str) -> Change:
    """Put a copy of a part's file beside it."""
    return lambda folder: (folder / new).write_bytes(part(folder, name).read_bytes())


def one_output_less(model: Any) -> None:
    del model.graph.output[-1]


def one_input_more(model: Any) -> None:
    model.graph.input.append(onnx.helper.make_tensor_value_info("more", FLOAT, ["N"]))


def no_batch(model: Any) -> None:
    del model.graph.output[0].type.tensor_type.shape.dim[0]


def batch_of_one(model: Any) -> None:
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1


def unknown_axis(kind: str, axis: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        value = getattr(model.graph, kind)[0]
        shape = value.type.tensor_type.shape
        shape.dim[axis % len(shape.dim)].dim_param = "any"

    return change
