"""Checks the files of a Whisper model of CTranslate2 before CTranslate2 loads them.

CTranslate2 raises an error for most invalid files. But it ends the process over a number of heads
that is 0, over tokens and heads that the model does not have, and over a detection of languages
where config.json names none.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec

from hwaja.engines.ctranslate2.whisper_tokens import Vocabulary, read_vocabulary
from hwaja.engines.interface import EngineError

_VERSION = 6
"""Version of the format of model.bin (CTranslate2, `python/ctranslate2/specs/model_spec.py`)."""

_SPECIFICATION = "WhisperSpec"

_CONFIG = "config.json"

_MELS = (80, 128)

_WEIGHTS = {
    "encoder/conv1/weight": 3,
    "decoder/embeddings/weight": 2,
    "decoder/position_encodings/encodings": 2,
}
"""The variables that give the model's dimensions, and the number of axes of each."""

_HEADS = ("encoder/num_heads", "decoder/num_heads")

_LAYER = re.compile(r"decoder/layer_\d+/")


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable of model.bin, without the numbers of those that have an axis."""

    shape: tuple[int, ...]
    scalar: int = 0
    """The number of a variable without an axis, as an integer."""


class _Config(msgspec.Struct, frozen=True):
    """The tokens and heads that config.json names. Older converters, and fine-tunes, leave some."""

    suppress_ids: list[int] | None = None
    suppress_ids_begin: list[int] | None = None
    alignment_heads: list[tuple[int, int]] | None = None
    """The heads that date the tokens: the layer of each, and its number within the layer."""
    lang_ids: list[int] | None = None


@dataclass(frozen=True, slots=True)
class WhisperFolder:
    """The parts of a checked folder that the recogniser uses itself."""

    folder: Path
    vocabulary: Vocabulary
    max_tokens: int
    """Most tokens that the decoder knows positions for, with those of the prompt."""
    config: bytes | None
    """What config.json should be; None: as it is."""

    @contextmanager
    def completed(self) -> Iterator[Path]:
        """Yield a folder to load: this one, or links to its files beside a completed config.json.

        Raises:
            OSError: where no temporary folder can be made.

        """
        if self.config is None:
            yield self.folder
            return
        with TemporaryDirectory() as place:
            for file in self.folder.iterdir():
                Path(place, file.name).symlink_to(file.resolve())
            config = Path(place, _CONFIG)
            config.unlink()
            config.write_bytes(self.config)
            yield Path(place)


def check_folder(folder: Path) -> WhisperFolder:
    """Check model.bin, config.json and the vocabulary of a folder.

    Raises:
        EngineError: where a file is missing, truncated, or not of a Whisper model, or where they
            do not belong together; the message is one sentence.

    """
    vocabulary = read_vocabulary(folder)
    file = folder / "model.bin"
    try:
        with file.open("rb") as stream:
            variables = _read_variables(stream)
    except OSError as error:
        raise EngineError(f"{file} cannot be read: {error.strerror}.") from None
    except struct.error:
        raise EngineError(f"{file} is truncated.") from None
    max_tokens = _check_dimensions(file, variables, vocabulary)
    config = _check_config(folder / _CONFIG, variables, vocabulary)
    return WhisperFolder(folder, vocabulary, max_tokens, config)


def _read_variables(stream: BinaryIO) -> dict[str, _Variable]:
    """Return the variables by name; the stream is at the beginning of a model.bin.

    Raises:
        struct.error: where the file ends in the midst of a header.
        EngineError: where it is no such file.

    """
    if _numbers(stream, "<I") != (_VERSION,) or _name(stream) != _SPECIFICATION:
        raise EngineError(f"{stream.name} is not a Whisper model of CTranslate2.")
    _, count = _numbers(stream, "<II")  # the first is the specification's revision
    return dict(_read_variable(stream) for _ in range(count))


def _read_variable(stream: BinaryIO) -> tuple[str, _Variable]:
    name = _name(stream)
    (axes,) = _numbers(stream, "<B")
    shape = _numbers(stream, f"<{axes}I")
    _, size_bytes = _numbers(stream, "<BI")  # the first is the type
    if axes == 0 and size_bytes <= 4:
        content = stream.read(size_bytes)
        return name, _Variable(shape, int.from_bytes(content, "little", signed=True))
    stream.seek(size_bytes, 1)
    return name, _Variable(shape)


def _name(stream: BinaryIO) -> str:
    (length,) = _numbers(stream, "<H")
    return stream.read(length).rstrip(b"\0").decode(errors="replace")


def _numbers(stream: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _check_dimensions(
    file: Path, variables: Mapping[str, _Variable], vocabulary: Vocabulary
) -> int:
    """Check what CTranslate2 does not check itself; return the positions of the decoder."""
    missing = [name for name in (*_WEIGHTS, *_HEADS) if name not in variables]
    if missing:
        raise EngineError(f"{file} lacks {', '.join(missing)}.")
    shapes = [variables[name].shape for name in _WEIGHTS]
    if [len(shape) for shape in shapes] != [*_WEIGHTS.values()]:
        raise EngineError(f"{file} has weights of another shape than Whisper's.")
    (width, mels, _), (tokens, *row), (positions, *placed) = shapes
    heads = [variables[name].scalar for name in _HEADS]
    if mels not in _MELS or not positions or row != [width] or placed != [width]:
        raise EngineError(f"{file} has weights of another shape than Whisper's.")
    if min(heads) < 1 or any(width % each for each in heads):
        raise EngineError(f"{file} has {heads[0]} and {heads[1]} heads, which divide no {width}.")
    if tokens != vocabulary.count:
        raise EngineError(f"{file} has {tokens} tokens, its vocabulary {vocabulary.count}.")
    return positions


def _check_config(
    file: Path, variables: Mapping[str, _Variable], vocabulary: Vocabulary
) -> bytes | None:
    """Check that the tokens and heads that config.json names exist.

    Returns:
        config.json with the keys that it lacks; None where it lacks none.

    """
    layers = len({found[0] for name in variables if (found := _LAYER.match(name))})
    heads = variables["decoder/num_heads"].scalar
    try:
        content = file.read_bytes()
        config = msgspec.json.decode(content, type=_Config)
        whole = msgspec.json.decode(content, type=dict[str, Any])
    except (OSError, msgspec.DecodeError, RecursionError):
        raise EngineError(
            f"{file} is missing, or not the config.json of a Whisper model."
        ) from None
    tokens = [*(config.suppress_ids or ()), *(config.suppress_ids_begin or ())]
    languages = {*vocabulary.language_tokens.values()}
    exist = (
        all(0 <= token < vocabulary.count for token in tokens)
        and all(0 <= layer < layers for layer, _ in config.alignment_heads or ())
        and all(0 <= head < heads for _, head in config.alignment_heads or ())
        and languages.issuperset(config.lang_ids or ())
    )
    if not exist:
        raise EngineError(f"{file} does not belong to the model.bin beside it.")
    later_heads = [*product(range(layers // 2, layers), range(heads))]  # as the converter has it
    completed = {"suppress_ids": [], "suppress_ids_begin": []} | whole
    if not config.alignment_heads:
        completed["alignment_heads"] = later_heads
    if not config.lang_ids:
        completed["lang_ids"] = sorted(languages)
    return None if completed == whole else msgspec.json.encode(completed)
