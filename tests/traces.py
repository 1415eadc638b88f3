"""Looks for what was said in files and in the memory of other processes."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_WORD = np.dtype("<u8")
_KEY_BYTES = 2 * _WORD.itemsize
_KEY_STEP_BYTES = 4 * _WORD.itemsize

MATCH_BYTES = 64
"""So much in a row that is a mark's is a trace, 32 samples as PCM16, 16 as float32; it may take
32 bytes more to be found. Where glibc makes a block smaller in its place, 24 bytes are kept."""

_TABLE_BITS = 24
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)  # odd, of many bits


@dataclass(frozen=True)
class Trace:
    """A place where something of a mark was found."""

    mark: str
    place: str


class Numbers:
    """Marked audio or voices, in the forms that they may have: found wherever they lie."""

    def __init__(self) -> None:
        self._forms: list[tuple[str, bytes]] = []

    def add(self, mark: str, numbers: NDArray[np.generic]) -> None:
        """Look for an array as it lies in memory."""
        self._forms.append((mark, numbers.tobytes()))

    def add_audio(self, mark: str, pcm: bytes) -> None:
        """Look for audio as PCM16 and as float32."""
        samples = np.frombuffer(pcm, "<i2")
        self.add(f"{mark} as PCM16", samples)
        self.add(f"{mark} as float32", samples.astype(np.float32) / np.float32(32768))

    def prepared(self) -> "NumberSearch":
        return NumberSearch(self._forms)


class NumberSearch:
    """Some 16 bytes of the marks are keys; memory is looked through at every alignment."""

    def __init__(self, forms: Iterable[tuple[str, bytes]]) -> None:
        self._marks: dict[int, tuple[str, bytes]] = {}
        for mark, data in forms:
            for offset in range(0, len(data) - MATCH_BYTES, _KEY_STEP_BYTES):
                key = data[offset : offset + _KEY_BYTES]
                if len(set(key)) > _KEY_BYTES // 2:  # silence is found everywhere
                    number = int(_keys(np.frombuffer(key, _WORD))[0])
                    self._marks[number] = mark, data[offset : offset + MATCH_BYTES]
        self._sorted = np.array(sorted(self._marks), np.uint64)
        self._table = np.zeros(1 << _TABLE_BITS, bool)
        self._table[self._sorted >> np.uint64(64 - _TABLE_BITS)] = True

    def find(self, data: bytes) -> Iterator[tuple[str, int]]:
        """Yield marks that are found, and at which byte."""
        for shift in range(_WORD.itemsize):
            count = (len(data) - shift) // _WORD.itemsize
            if count > 1:
                keys = _keys(np.frombuffer(data, _WORD, count, shift))
                (maybe,) = np.nonzero(self._table[keys >> np.uint64(64 - _TABLE_BITS)])
                for index in maybe[np.isin(keys[maybe], self._sorted)].tolist():
                    mark, match = self._marks[int(keys[index])]
                    offset = shift + index * _WORD.itemsize
                    if data[offset : offset + MATCH_BYTES] == match:
                        yield mark, offset


def _keys(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each two words in a row; equal ones are equal."""
    return words[:-1] * _FACTORS[0] ^ words[1:] * _FACTORS[1]


def forms_of(text: str) -> list[bytes]:
    """A text as it is sent, and as Python holds it."""
    escaped = json.dumps(text)[1:-1].encode()
    forms = [text.encode(), text.encode("utf-16-le"), text.encode("utf-32-le"), escaped]
    return list(dict.fromkeys(forms))


class Search:
    """What to look for, and the looking."""

    def __init__(self, numbers: Numbers, texts: dict[str, str]) -> None:
        self._numbers = numbers.prepared()
        self._texts = {mark: forms_of(text) for mark, text in texts.items()}

    def in_bytes(self, data: bytes, place: str) -> set[Trace]:
        found = {Trace(mark, place) for mark, _ in self._numbers.find(data)}
        for mark, forms in self._texts.items():
            if any(form in data for form in forms):
                found.add(Trace(mark, place))
        return found

    def in_files(self, files: Iterable[Path]) -> set[Trace]:
        found: set[Trace] = set()
        for file in files:
            found |= self.in_bytes(file.read_bytes(), str(file))
        return found

    def in_memory(self, pid: int, process: str) -> set[Trace]:
        """Look through all that a process can write to; root may, whatever the process forbids."""
        found: set[Trace] = set()
        for region in writable_memory(pid):
            found |= self.in_bytes(region, process)
        return found


def writable_memory(pid: int) -> Iterator[bytes]:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, rights = line.split()[:2]
            if rights.startswith("rw"):
                start, stop = (int(address, 16) for address in addresses.split("-"))
                memory.seek(start)
                yield memory.read(stop - start)
