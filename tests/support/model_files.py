"""Small model files, written byte by byte."""

import io
import pickle
import tarfile
import zipfile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.generic]]


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def tar_bz2(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """Write a .tar.bz2 of plain files, by path and content, and of whatever else is described."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:bz2") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return stream.getvalue()


class Tensor(NamedTuple):
    """What the pickle of a PyTorch file says about a tensor."""

    key: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    storage: str = "FloatStorage"
    kind: str = "storage"


def state_dict_pickle(state: dict[str, Tensor]) -> bytes:
    """Write the pickle of a state dict, as PyTorch does, without PyTorch."""
    ordered = b"ccollections\nOrderedDict\n)R"
    items = b"".join(_plain(name) + _tensor(tensor, ordered) for name, tensor in state.items())
    return b"\x80\x02" + ordered + b"(" + items + b"u."


def _tensor(tensor: Tensor, hooks: bytes) -> bytes:
    kind, key, place = (_plain(text) for text in (tensor.kind, tensor.key, "cpu"))
    storage = b"(" + kind + f"ctorch\n{tensor.storage}\n".encode() + key + place + _plain(0) + b"tQ"
    numbers = _plain(tensor.offset) + _plain(tensor.shape) + _plain(tensor.strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + numbers + b"\x89" + hooks + b"tR"


def _plain(value: object) -> bytes:
    """Return the opcodes that push `value`."""
    return pickle.dumps(value, 2)[2:-1]


def checkpoint_pickle(state: bytes) -> bytes:
    """Write the pickle of a checkpoint, which has the pickle of a state dict among other things."""
    told = _plain("format_version") + _plain(1) + _plain("model") + _plain({"stride": [10]})
    return b"\x80\x02}(" + told + _plain("state_dict") + state[2:-1] + b"u."


def state_dict_file(state: Tensors, *, checkpoint: bool = False) -> bytes:
    """Write a PyTorch file of tensors, or a checkpoint of them."""
    storages = {"<f4": "FloatStorage", "<f2": "HalfStorage", "<i8": "LongStorage"}
    described, files = {}, {}
    for key, (name, tensor) in enumerate(state.items()):
        strides = tuple(stride // tensor.itemsize for stride in tensor.strides)
        storage = storages[tensor.dtype.str]
        described[name] = Tensor(str(key), tensor.shape, strides, storage=storage)
        files[f"m/data/{key}"] = tensor.tobytes()
    pickled = state_dict_pickle(described)
    return zipped({"m/data.pkl": checkpoint_pickle(pickled) if checkpoint else pickled} | files)
