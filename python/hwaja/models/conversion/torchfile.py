"""Reads PyTorch's state dict files without PyTorch.

Such a file is a zip with a pickle that describes the tensors, and one member with the bytes of each
storage. A pickle can call any function. `torchpickle.py` accepts the three kinds of name that
tensors need and rejects all others.
"""

import io
import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwaja.models.conversion import torchpickle
from hwaja.models.conversion.torchpickle import Storage, Tensor
from hwaja.models.errors import ModelError

StateDict = dict[str, NDArray[np.generic]]

_STORAGES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}
_MAX_AXES = 8
_MAX_INDEX = 2**62


def read(content: bytes) -> StateDict:
    """Return the tensors of a state dict, by name; for a checkpoint, those under "state_dict".

    Memory stays below twice the size of the file. The time is proportional to that size.

    Raises:
        ModelError: where the file is truncated, has no state dict, or the state dict has other
            values than tensors.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            storages = _Storages(archive, len(content))
            state = torchpickle.read(storages.member("data.pkl"), frozenset(_STORAGES))
            return {name: _array(tensor, storages) for name, tensor in _tensors(state).items()}
    except ModelError:
        raise
    except Exception as error:  # an invalid file can raise any exception
        raise ModelError(f"This is not a PyTorch state dict ({type(error).__name__}).") from error


def _tensors(state: Any) -> dict[str, Tensor]:
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise ModelError("This PyTorch file contains more than a state dict.")
    return state


class _Storages:
    """The members of the zip. Each is read once. Together they do not exceed the file's size."""

    def __init__(self, archive: zipfile.ZipFile, file_bytes: int) -> None:
        self._archive = archive
        self._root = archive.namelist()[0].split("/")[0]
        self._left_bytes = file_bytes
        self._read: dict[Storage, NDArray[np.generic]] = {}

    def member(self, name: str) -> bytes:
        """Return a member. PyTorch does not compress members, so none can exceed the file."""
        info = self._archive.getinfo(f"{self._root}/{name}")
        self._left_bytes -= info.file_size
        if info.compress_type != zipfile.ZIP_STORED or self._left_bytes < 0:
            raise ModelError("This PyTorch file is larger when unpacked than the file itself.")
        return self._archive.read(info)

    def values(self, storage: Storage) -> NDArray[np.generic]:
        if storage not in self._read:
            content = self.member(f"data/{storage.key}")
            self._read[storage] = np.frombuffer(content, _STORAGES[storage.kind])
        return self._read[storage]


def _array(tensor: Tensor, storages: _Storages) -> NDArray[np.generic]:
    """Build a tensor. Only dense tensors in C order are accepted, as weights are saved."""
    storage, offset, shape, strides = tensor
    if not isinstance(storage, Storage) or not _are_axes(shape) or not _are_axes((offset,)):
        raise ModelError("This PyTorch file has a tensor of an unknown format.")
    values = storages.values(storage)
    dense = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    count = math.prod(shape)
    if strides != dense or offset + count > len(values):
        raise ModelError("This PyTorch file has a tensor that does not fit its storage.")
    return values[offset : offset + count].reshape(shape)


def _are_axes(numbers: Any) -> bool:
    return (
        isinstance(numbers, tuple)
        and len(numbers) <= _MAX_AXES
        and all(type(number) is int and 0 <= number < _MAX_INDEX for number in numbers)
    )
