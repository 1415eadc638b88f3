"""Finds, parses and checks model files before sherpa-onnx reads them.

sherpa-onnx ends the process on an invalid file.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwaja.engines.interface import EngineError
from hwaja.engines.runtime import open_session

MAX_NUMBER = 1_000_000
"""Limit for numbers in the metadata and the token table of a model.

With a larger number, sherpa-onnx would use all memory or fail to parse it.
"""

_NUMBER = re.compile(r"-?[0-9]{1,20}")
_FLOAT = re.compile(r" *-?[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,2})? *|-?[0-9]+\.")
"""Numbers as sherpa-onnx's C++ parses them; Python accepts others too."""

Numbers = Mapping[str, list[int]]
"""Metadata that are lists of integers; a single integer is a list of one."""

Shape = tuple[int | None, ...]
"""Lengths of a value's axes; None where the file does not fix the length."""


FLOAT, INT32, INT64, BOOL, FLOAT16 = 1, 6, 7, 9, 10
"""Element types of a value in an ONNX file (onnx.TensorProto)."""

_ORT_KINDS = {
    "tensor(float)": FLOAT,
    "tensor(int32)": INT32,
    "tensor(int64)": INT64,
    "tensor(bool)": BOOL,
    "tensor(float16)": FLOAT16,
}


@dataclass(frozen=True, slots=True)
class Model:
    """Metadata, inputs and outputs of an ONNX file."""

    path: Path
    metadata: Mapping[str, str]
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    kinds: Mapping[str, int]
    """Element type of each input and output."""

    def require(self, keys: tuple[str, ...]) -> None:
        """Check that the metadata has all of `keys`.

        Raises:
            EngineError: where a key is missing.

        """
        missing = sorted(key for key in keys if not self.metadata.get(key))
        if missing:
            raise EngineError(f"{self.path} lacks the metadata {', '.join(missing)}.")

    def numbers(self, key: str) -> list[int]:
        """Return a metadata value that is a list of integers, separated by commas.

        Raises:
            EngineError: where the value is no such list.

        """
        numbers = self.metadata[key].split(",")
        if not all(_NUMBER.fullmatch(number) for number in numbers):
            raise EngineError(f"{self.path} has metadata {key} that is no number.")
        found = [int(number) for number in numbers]
        if max(map(abs, found)) > MAX_NUMBER:
            raise EngineError(f"{self.path} has metadata {key} that is too large.")
        return found

    @property
    def scored_tokens(self) -> int | None:
        """How many tokens the first output scores, along its last axis; None: not fixed."""
        return axis_of(next(iter(self.outputs.values()), ()), -1)

    def expect(self, inputs: int, outputs: int) -> None:
        """Check the number of inputs and outputs, which sherpa-onnx does not check.

        Raises:
            EngineError: where a number differs.

        """
        if (len(self.inputs), len(self.outputs)) != (inputs, outputs):
            raise EngineError(
                f"{self.path} has {len(self.inputs)} inputs and {len(self.outputs)} outputs, "
                f"not {inputs} and {outputs}."
            )


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The tokens of a recogniser, by number."""

    path: Path
    tokens: Mapping[int, str]

    def require(self, count: int) -> None:
        """Check that the table has the tokens 0 to `count` - 1.

        Raises:
            EngineError: where one is missing.

        """
        if any(number not in self.tokens for number in range(count)):
            raise EngineError(f"{self.path} lacks tokens: it needs {count}, from 0 on.")


def only_file(folder: Path, pattern: str) -> Path:
    """Return the file of a folder that matches a pattern.

    Raises:
        EngineError: where not exactly one file matches.

    """
    return _one(folder, pattern, _files(folder, pattern))


def preferred_file(folder: Path, pattern: str, prefer_int8: bool) -> Path:
    """Return the file that matches a pattern, with int8 or other weights as preferred.

    Raises:
        EngineError: where no file matches, or several files with the same kind of weights do.

    """
    files = _files(folder, pattern)
    int8 = [file for file in files if ".int8." in file.name]
    full = [file for file in files if file not in int8]
    wanted, others = (int8, full) if prefer_int8 else (full, int8)
    return _one(folder, pattern, wanted or others)


def read_model(path: Path) -> Model:
    """Return the metadata, inputs and outputs of an ONNX file, or of one in onnxruntime's format.

    Raises:
        EngineError: where the file has another format, or its weights are elsewhere.

    """
    import onnx

    if path.suffix == ".ort":
        return _read_ort(path)

    try:
        model = onnx.load(path, load_external_data=False)
    except FileNotFoundError:
        raise EngineError(f"The model file {path} does not exist.") from None
    except Exception as error:
        raise EngineError(f"{path} is not an ONNX file ({type(error).__name__}).") from error
    for weight in model.graph.initializer:
        _check_place(weight, path)
    # Old exports list their weights among the inputs.
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    outputs = [*model.graph.output]
    return Model(
        path,
        {entry.key: entry.value for entry in model.metadata_props},
        {value.name: _shape(value) for value in inputs},
        {value.name: _shape(value) for value in outputs},
        {value.name: value.type.tensor_type.elem_type for value in (*inputs, *outputs)},
    )


def _check_place(weight: Any, path: Path) -> None:
    """Check that a weight is in the ONNX file, or in another file of its folder."""
    for entry in weight.external_data:
        if entry.key == "location":
            beside = path.parent / entry.value
            if beside.parent != path.parent or not beside.is_file():
                raise EngineError(f"{path} has weights in {entry.value!r}, which is not beside it.")


def _read_ort(path: Path) -> Model:
    session = open_session(path)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    return Model(
        path,
        session.get_modelmeta().custom_metadata_map,
        {value.name: _ort_shape(value.shape) for value in inputs},
        {value.name: _ort_shape(value.shape) for value in outputs},
        {value.name: _ORT_KINDS.get(value.type, 0) for value in (*inputs, *outputs)},
    )


def axis_of(shape: Shape, axis: int) -> int | None:
    """Return the length of an axis; None where the file does not fix it or has no such axis."""
    try:
        return shape[axis]
    except IndexError:
        return None


def check_floats(model: Model, key: str, count: int) -> None:
    """Check that a metadata value is a list of numbers, separated by commas.

    Raises:
        EngineError: where it is no such list, or has another length than `count`.

    """
    numbers = model.metadata[key].split(",")
    if not all(_FLOAT.fullmatch(number) for number in numbers):
        raise EngineError(f"{model.path} has metadata {key} that is no number.")
    if len(numbers) != count:
        raise EngineError(f"{model.path} has {len(numbers)} numbers as {key}, not {count}.")


def read_tokens(path: Path) -> TokenTable:
    """Return a token table. Each line of the file has a token and its number.

    A line with a number alone stands for the space token.

    Raises:
        EngineError: where a line has another form, or a number occurs twice.

    """
    tokens: dict[int, str] = {}
    # As sherpa-onnx's C++ reads it: only \n ends a line, and only ASCII white space separates.
    for line in path.read_bytes().split(b"\n"):
        fields = line.split()
        if not fields:
            continue
        try:
            number = int(fields[-1]) if fields[-1].isdigit() else -1
            token = fields[0].decode("utf-8") if len(fields) == 2 else " "
        except ValueError:
            number, fields = -1, []
        if len(fields) not in (1, 2) or not 0 <= number <= MAX_NUMBER:
            raise EngineError(f"{path} is not a token table (token and number on each line).")
        if number in tokens:
            raise EngineError(f"{path} has two tokens with the number {number}.")
        tokens[number] = token
    return TokenTable(path, tokens)


def check_pieces(path: Path, count: int) -> None:
    """Check that a table of Whisper or Moonshine has the pieces 0 to `count` - 1.

    Each line of the file has a piece of text, in base64, and its number.

    Raises:
        EngineError: where a line has another form, or a piece is missing.

    """
    numbers = set()
    # Bytes that are not ASCII are invalid in base64 too.
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        # One token of Whisper is empty: its line has only the number.
        encoded, _, number = line.rpartition(" ")
        if not number.isdecimal() or len(number) > len(str(MAX_NUMBER)):
            raise EngineError(f"{path} is not a token table (base64 and number on each line).")
        try:
            base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise EngineError(
                f"{path} is not a token table (base64 and number on each line)."
            ) from None
        numbers.add(int(number))
    if not numbers.issuperset(range(count)):
        raise EngineError(f"{path} lacks tokens: it needs {count}, from 0 on.")


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(file for file in folder.glob(pattern) if file.is_file())


def _one(folder: Path, pattern: str, found: list[Path]) -> Path:
    if not found:
        raise EngineError(f"{folder} has no file named {pattern}; one is needed.")
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise EngineError(
            f"{folder} has {len(found)} files named {pattern} ({names}); leave the one to use."
        )
    return found[0]


def _ort_shape(shape: list[int | str | None]) -> Shape:
    return tuple(length if isinstance(length, int) and length > 0 else None for length in shape)


def _shape(value: Any) -> Shape:
    axes = value.type.tensor_type.shape.dim
    return tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in axes)
