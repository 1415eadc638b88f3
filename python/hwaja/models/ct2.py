"""Reads CTranslate2's `model.bin`, version 6, as named tensors.

The file is little endian: the version, the name and revision of the model's specification, then
counted variables (name, shape, type, bytes), then counted aliases (name, name of a variable).
Source: CTranslate2, `python/ctranslate2/specs/model_spec.py`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hwaja.models.binary import Reader
from hwaja.models.errors import ModelError

Tensors = dict[str, NDArray[np.generic]]

VERSION = 6

_TYPES = tuple(np.dtype(name) for name in ("<f4", "i1", "<i2", "<i4", "<f2"))


def read(content: bytes, specification: str) -> Tensors:
    """Return the variables of a model by name. They share the memory of `content`.

    Args:
        content: the file.
        specification: the required name of the specification, for example "WhisperSpec".

    Raises:
        ModelError: where the file is truncated or is no such model.

    """
    reader = Reader(content, "CTranslate2's model.bin")
    if reader.numbers("<I") != (VERSION,) or _name(reader) != specification:
        raise ModelError(f"model.bin is not a {specification} of version {VERSION}.")
    reader.numbers("<I")  # the specification's revision
    (variables,) = reader.numbers("<I")
    tensors = dict(_variable(reader) for _ in range(variables))
    (aliases,) = reader.numbers("<I")
    for _ in range(aliases):
        alias, name = _name(reader), _name(reader)
        if name not in tensors:
            raise ModelError(f"model.bin has an alias of a missing variable ({alias}).")
        tensors[alias] = tensors[name]
    return tensors


def _name(reader: Reader) -> str:
    (length,) = reader.numbers("<H")
    return bytes(reader.take(length)).rstrip(b"\0").decode("utf-8", errors="replace")


def _variable(reader: Reader) -> tuple[str, NDArray[np.generic]]:
    name = _name(reader)
    (rank,) = reader.numbers("<B")
    shape = reader.numbers(f"<{rank}I")
    kind, count = reader.numbers("<BI")
    if kind >= len(_TYPES) or count != math.prod(shape) * _TYPES[kind].itemsize:
        raise ModelError(f"model.bin has a variable of an unknown format ({name}).")
    values = np.frombuffer(reader.take(count), _TYPES[kind])
    try:
        return name, values.reshape(shape)
    except ValueError as error:  # numpy allows neither so many axes nor such lengths
        raise ModelError(f"model.bin has a variable of an unknown format ({name}).") from error
