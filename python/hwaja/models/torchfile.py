"""Reading PyTorch's state dict files without PyTorch.

Such a file is a zip: a pickle that describes the tensors, and one member with the bytes of each
storage. A pickle can name any function; this reader knows the three kinds of name that tensors
need and refuses every other.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwaja.models.errors import ModelError

StateDict = dict[str, NDArray[np.generic]]

_STORAGES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}


class _Storage(NamedTuple):
    dtype: str
    key: str


def read(content: bytes) -> StateDict:
    """Return the tensors of a state dict, by name; of a checkpoint, what it keeps "state_dict".

    Raises:
        ModelError: where the file is cut, has no state dict, or that holds more than tensors.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            root = archive.namelist()[0].split("/")[0]
            pickled = io.BytesIO(archive.read(f"{root}/data.pkl"))
            state = _TensorUnpickler(pickled, lambda key: archive.read(f"{root}/data/{key}")).load()
    except ModelError:
        raise
    except Exception as error:  # a pickle can be wrong in any way
        raise ModelError(f"This is no PyTorch state dict ({type(error).__name__}).") from error
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict) or not all(isinstance(t, np.ndarray) for t in state.values()):
        raise ModelError("This PyTorch file holds more than a state dict.")
    return dict(state)


class _TensorUnpickler(pickle.Unpickler):
    """Unpickles ordered dictionaries of tensors."""

    def __init__(self, pickled: io.BytesIO, storage_bytes: Callable[[str], bytes]) -> None:
        super().__init__(pickled)
        self._storage_bytes = storage_bytes

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise ModelError(f"This PyTorch file names {module}.{name}, which no state dict needs.")

    def persistent_load(self, reference: Any) -> _Storage:
        kind, dtype, key, *_ = reference
        if kind != "storage" or dtype not in _STORAGES.values():
            raise ModelError("This PyTorch file refers to something else than a storage.")
        return _Storage(dtype, str(key))

    def _tensor(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
        *_: object,
    ) -> NDArray[np.generic]:  # fmt: skip
        """Build a tensor; only dense ones in C order, which is how weights are saved."""
        values = np.frombuffer(self._storage_bytes(storage.key), storage.dtype)
        dense = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        count = math.prod(shape)
        if strides != dense or min(offset, *shape, 0) < 0 or offset + count > len(values):
            raise ModelError("This PyTorch file has a tensor that does not fit its storage.")
        return values[offset : offset + count].reshape(shape)
