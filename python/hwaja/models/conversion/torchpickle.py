"""Reads the pickle in a PyTorch file, opcode by opcode, into plain values.

A pickle is a program, and Python's own reader runs all of it. Such a program can create a table of
any length. It can also hash a tuple that holds the same tuple twice at each of forty levels, which
practically never ends. This reader supports only the opcodes that dictionaries of tensors need.
Each of them takes time and memory in proportion to its bytes in the file.
"""

import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

from hwaja.models.errors import ModelError


class Storage(NamedTuple):
    """A reference to the values of one or more tensors."""

    kind: str
    """PyTorch's name of the storage type, for example FloatStorage."""
    key: str


class Tensor(NamedTuple):
    """A view of a storage. Its fields are unchecked."""

    storage: Any
    offset: Any
    shape: Any
    strides: Any


class _Name(NamedTuple):
    module: str
    name: str


_DICTIONARY = _Name("collections", "OrderedDict")
_TENSOR = _Name("torch._utils", "_rebuild_tensor_v2")


def read(pickled: bytes, storages: frozenset[str]) -> object:
    """Return the pickled value: dictionaries, lists, tuples and plain values, tensors as `Tensor`.

    Args:
        pickled: the pickle.
        storages: the storage types that a tensor may have.

    Raises:
        ModelError: where the pickle has another kind of value.
        Exception: of any type, where the bytes are no pickle.

    """
    machine = _Machine(storages)
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "STOP":
            return machine.stack.pop()
        machine.step(opcode.name, argument)
    raise ModelError("This PyTorch file is truncated.")


class _Machine:
    """The stack machine that executes a pickle."""

    def __init__(self, storages: frozenset[str]) -> None:
        self.stack: list[Any] = []
        self._names = {_DICTIONARY, _TENSOR, *(_Name("torch", kind) for kind in storages)}
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in _IGNORED:
            return
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _MAKERS:
            self.stack.append(_MAKERS[opcode]())
        elif opcode in _TUPLES:
            self.stack.append(tuple(self._pop_many(_TUPLES[opcode])))
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        else:
            raise ModelError(
                f"This PyTorch file has the pickle opcode {opcode}, which no state dict needs."
            )

    def mark(self, _: None) -> None:
        self._marks.append(len(self.stack))

    def put(self, number: int | None) -> None:
        self._memo[len(self._memo) if number is None else number] = self.stack[-1]

    def get(self, number: int) -> None:
        self.stack.append(self._memo[number])

    def tuple_from_mark(self, _: None) -> None:
        self.stack.append(tuple(self._pop_to_mark()))

    def append(self, _: None) -> None:
        self._extend(self._pop_many(1))

    def append_from_mark(self, _: None) -> None:
        self._extend(self._pop_to_mark())

    def set_item(self, _: None) -> None:
        self._update(self._pop_many(2))

    def set_items_from_mark(self, _: None) -> None:
        self._update(self._pop_to_mark())

    def name(self, both: str) -> None:
        self._push_name(*both.split(" ", 1))

    def name_from_stack(self, _: None) -> None:
        self._push_name(*self._pop_many(2))

    def storage(self, _: None) -> None:
        kind, of, key, *_rest = self.stack.pop()
        if kind != "storage" or not isinstance(of, _Name) or of.module != "torch":
            raise ModelError("This PyTorch file has a reference to something other than a storage.")
        self.stack.append(Storage(of.name, str(key)))

    def call(self, _: None) -> None:
        called, arguments = self._pop_many(2)
        if called == _TENSOR:
            self.stack.append(Tensor(*arguments[:4]))
        elif called == _DICTIONARY and arguments == ():
            self.stack.append({})
        else:
            raise ModelError("This PyTorch file has a function call, which no state dict needs.")

    def set_state(self, _: None) -> None:
        """Ignore the attributes of a dictionary: they hold the layers' versions."""
        self.stack.pop()

    def _push_name(self, module: Any, name: Any) -> None:
        if _Name(module, name) not in self._names:
            raise ModelError(f"This PyTorch file uses {module}.{name}, which no state dict needs.")
        self.stack.append(_Name(module, name))

    def _pop_many(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise ModelError("This PyTorch file is not a valid pickle.")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def _pop_to_mark(self) -> list[Any]:
        return self._pop_many(len(self.stack) - self._marks.pop())

    def _extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ModelError("This PyTorch file appends to something other than a list.")
        self.stack[-1].extend(values)

    def _update(self, values: list[Any]) -> None:
        keys = values[::2]
        # Hashing a nested tuple may never end.
        if not isinstance(self.stack[-1], dict) or not all(isinstance(k, str | int) for k in keys):
            raise ModelError("This PyTorch file has a dictionary with keys that are not names.")
        self.stack[-1].update(zip(keys, values[1::2], strict=True))


_IGNORED = frozenset({"PROTO", "FRAME"})
_LITERALS = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"}
)
_MAKERS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.put,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "TUPLE": _Machine.tuple_from_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.append_from_mark,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items_from_mark,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_from_stack,
    "BINPERSID": _Machine.storage,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.set_state,
}
