"""Readers of model files: a damaged file is a ModelError, runs no code and fills no memory."""

import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import Tensor, state_dict_file, state_dict_pickle, zipped

from hwaja.models import ModelError
from hwaja.models.conversion import torchfile
from hwaja.models.conversion.binary import Reader

TENSORS = {
    "matrix": np.arange(6, dtype="<f4").reshape(2, 3),
    "half": np.array([0.5, -1.0], "<f2"),
    "small": np.array([[-1], [7]], "i1"),
    "short": np.array([300], "<i2"),
    "scalar": np.array(8, "<i4"),
}
STATE = {"layer.weight": TENSORS["matrix"], "layer.bias": TENSORS["half"]}
TORCH = state_dict_file(STATE)


# binary


def test_values_are_read_in_order_until_the_end() -> None:
    reader = Reader(b"\x01\x02\x00abc", "A file")
    assert reader.numbers("<BH") == (1, 2)
    assert bytes(reader.take(3)) == b"abc"
    assert reader.at_end


@pytest.mark.parametrize("layout", ["<I", "<IIII"])
def test_numbers_past_the_end_are_refused_with_the_name_of_the_file(layout: str) -> None:
    with pytest.raises(ModelError, match=r"^A file is truncated\.$"):
        Reader(b"abc", "A file").numbers(layout)


def test_a_refused_read_consumes_nothing() -> None:
    reader = Reader(b"abc", "A file")
    with pytest.raises(ModelError):
        reader.take(4)
    assert bytes(reader.take(3)) == b"abc"


# PyTorch


def test_a_state_dict_gives_its_tensors() -> None:
    state = torchfile.read(TORCH)
    assert state.keys() == STATE.keys()
    for name, expected in STATE.items():
        assert state[name].dtype == expected.dtype
        assert np.array_equal(state[name], expected)


def test_a_checkpoint_gives_the_tensors_of_its_state_dict_alone() -> None:
    state = torchfile.read(state_dict_file(STATE, checkpoint=True))
    assert state.keys() == STATE.keys()
    assert np.array_equal(state["layer.weight"], STATE["layer.weight"])


class Bomb:
    """Reports when it is unpickled."""

    def __init__(self, *call: Any) -> None:
        self._call = call

    def __reduce__(self) -> Any:
        return self._call


def bombs() -> Iterator[bytes]:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.dumps({"w": Bomb(os.putenv, ("BOMB", "1"))}, protocol)
        yield pickle.dumps({"w": Bomb(eval, ("1",))}, protocol)
    yield b"(S'true'\nios\nsystem\n."  # INST
    yield b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n."
    yield b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93."


@pytest.mark.parametrize("pickled", list(bombs()))
def test_a_pickle_with_other_objects_than_tensors_is_refused(pickled: bytes) -> None:
    with pytest.raises(ModelError, match="which no state dict needs"):
        torchfile.read(zipped({"m/data.pkl": pickled}))


def test_a_pickle_that_would_run_a_command_does_not_run_it(tmp_path: Path) -> None:
    proof = tmp_path / "it ran"
    pickled = pickle.dumps({"w": Bomb(os.system, (f"touch '{proof}'",))})
    with pytest.raises(ModelError, match="system"):
        torchfile.read(zipped({"m/data.pkl": pickled}))
    assert not proof.exists()
    pickle.loads(pickled)  # noqa: S301 (what a plain reader does, so that this test can fail)
    assert proof.exists()


@pytest.mark.parametrize(
    "state",
    [
        {"w": Tensor("0", (2, 3), (1, 2))},
        {"w": Tensor("0", (7,), (1,))},
        {"w": Tensor("0", (6,), (1,), offset=1)},
        {"w": Tensor("0", (1,), (1,), offset=-1)},
        {"w": Tensor("0", (2**62, 4), (4, 1))},
        {"w": Tensor("0", (-1,), (1,))},
        {"w": Tensor("1", (1,), (1,))},
        {"w": Tensor("../data.pkl", (1,), (1,))},
        {"w": Tensor("0", (6,), (1,), storage="DoubleStorage")},
        {"w": Tensor("0", (6,), (1,), kind="module")},
    ],
    ids=[
        "order",
        "long",
        "past",
        "before",
        "huge",
        "negative",
        "no storage",
        "path",
        "type",
        "kind",
    ],
)
def test_a_tensor_that_does_not_fit_its_storage_is_refused(state: dict[str, Tensor]) -> None:
    files = {"m/data.pkl": state_dict_pickle(state), "m/data/0": bytes(24)}
    with pytest.raises(ModelError):
        torchfile.read(zipped(files))


def test_a_storage_of_an_unknown_type_is_refused() -> None:
    pickled = state_dict_pickle({"w": Tensor("0", (6,), (1,))})
    renamed = pickled.replace(b"ctorch\nFloatStorage\n", pickle.dumps("O", 2)[2:-1])
    assert renamed != pickled
    with pytest.raises(ModelError, match="something other than a storage"):
        torchfile.read(zipped({"m/data.pkl": renamed, "m/data/0": bytes(48)}))


@pytest.mark.parametrize(
    "content",
    [{"epoch": 3}, [1], "text", None, {"state_dict": None}, {"state_dict": {"epoch": 3}}],
)
def test_a_file_with_other_objects_than_tensors_is_no_state_dict(content: object) -> None:
    with pytest.raises(ModelError, match="contains more than a state dict"):
        torchfile.read(zipped({"m/data.pkl": pickle.dumps(content)}))


@pytest.mark.parametrize("content", [b"", b"PK", b"\0" * 100, zipped({}), zipped({"m/x": b""})])
def test_a_file_of_another_kind_is_no_state_dict(content: bytes) -> None:
    with pytest.raises(ModelError):
        torchfile.read(content)


@given(st.integers(0, len(TORCH) - 1))
def test_a_state_dict_cut_at_any_byte_is_refused(length: int) -> None:
    with pytest.raises(ModelError):
        torchfile.read(TORCH[:length])


def test_a_state_dict_whose_pickle_or_storage_is_cut_is_refused() -> None:
    pickled = state_dict_pickle({"w": Tensor("0", (6,), (1,))})
    for length in range(len(pickled)):
        with pytest.raises(ModelError):
            torchfile.read(zipped({"m/data.pkl": pickled[:length], "m/data/0": bytes(24)}))
    for length in range(24):
        with pytest.raises(ModelError):
            torchfile.read(zipped({"m/data.pkl": pickled, "m/data/0": bytes(length)}))


@given(st.integers(0, len(TORCH) - 1), st.integers(0, 255))
def test_a_state_dict_with_a_wrong_byte_is_read_or_refused(at: int, wrong: int) -> None:
    try:
        state = torchfile.read(TORCH[:at] + bytes([wrong]) + TORCH[at + 1 :])
    except ModelError:
        return
    assert all(isinstance(tensor, np.ndarray) for tensor in state.values())
