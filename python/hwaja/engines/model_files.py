"""Reading model files: found in their folder, parsed once, looked at before sherpa-onnx does.

sherpa-onnx answers a bad file by ending the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwaja.engines.interface import EngineError

MAX_NUMBER = 1_000_000
"""No number in the metadata or the tokens of a model is larger; one that is would take all memory,
or be none to sherpa-onnx."""

Numbers = Mapping[str, list[int]]
"""Metadata that are lists of integers; a single one is a list of one."""

Shape = tuple[int | None, ...]
"""Axes of a value; None where the file does not fix the length."""


@dataclass(frozen=True, slots=True)
class Model:
    """What an ONNX file says of itself."""

    path: Path
    metadata: Mapping[str, str]
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]

    def require(self, keys: tuple[str, ...]) -> None:
        """Check that there is metadata for all of `keys`.

        Raises:
            EngineError: otherwise.

        """
        missing = sorted(key for key in keys if not self.metadata.get(key))
        if missing:
            raise EngineError(f"{self.path} lacks the metadata {', '.join(missing)}.")

    def numbers(self, key: str) -> list[int]:
        """Return metadata that is a list of integers with commas between.

        Raises:
            EngineError: where it is not.

        """
        try:
            found = [int(number) for number in self.metadata[key].split(",")]
        except ValueError:
            raise EngineError(f"{self.path} has metadata {key} that is no number.") from None
        if max(map(abs, found)) > MAX_NUMBER:
            raise EngineError(f"{self.path} has metadata {key} that is too large.")
        return found

    def expect(self, inputs: int, outputs: int) -> None:
        """Check how many inputs and outputs there are; sherpa-onnx counts on it.

        Raises:
            EngineError: otherwise.

        """
        if (len(self.inputs), len(self.outputs)) != (inputs, outputs):
            raise EngineError(
                f"{self.path} has {len(self.inputs)} inputs and {len(self.outputs)} outputs, "
                f"not {inputs} and {outputs}."
            )


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What a recogniser writes, by number."""

    path: Path
    tokens: Mapping[int, str]

    def require(self, count: int) -> None:
        """Check that there are the tokens from 0 to `count`, without it.

        Raises:
            EngineError: otherwise.

        """
        if any(number not in self.tokens for number in range(count)):
            raise EngineError(f"{self.path} lacks tokens: it needs {count}, from 0 on.")


def only_file(folder: Path, pattern: str) -> Path:
    """Return the file of a folder that a pattern names.

    Raises:
        EngineError: where there is not exactly one.

    """
    return _one(folder, pattern, _files(folder, pattern))


def preferred_file(folder: Path, pattern: str, prefer_int8: bool) -> Path:
    """Return the file that a pattern names, of int8 and other weights the ones preferred.

    Raises:
        EngineError: where there is none, or several of the kind.

    """
    files = _files(folder, pattern)
    int8 = [file for file in files if ".int8." in file.name]
    full = [file for file in files if file not in int8]
    wanted, others = (int8, full) if prefer_int8 else (full, int8)
    return _one(folder, pattern, wanted or others)


def read_model(path: Path) -> Model:
    """Return what an ONNX file says of itself.

    Raises:
        EngineError: where it is none.

    """
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except FileNotFoundError:
        raise EngineError(f"The model file {path} does not exist.") from None
    except Exception as error:
        raise EngineError(f"{path} is not an ONNX file ({type(error).__name__}).") from error
    # Old exports list their weights among the inputs.
    weights = {weight.name for weight in model.graph.initializer}
    return Model(
        path,
        {entry.key: entry.value for entry in model.metadata_props},
        {value.name: _shape(value) for value in model.graph.input if value.name not in weights},
        {value.name: _shape(value) for value in model.graph.output},
    )


def read_tokens(path: Path) -> TokenTable:
    """Return a table with a token and its number on each line.

    A line with a number alone is the token of a space.

    Raises:
        EngineError: where a line is anything else, or a number occurs twice.

    """
    tokens: dict[int, str] = {}
    # As C++ reads it: lines end with \n, and only ASCII white space separates.
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


def _shape(value: Any) -> Shape:
    axes = value.type.tensor_type.shape.dim
    return tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in axes)
