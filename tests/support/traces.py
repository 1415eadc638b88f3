"""Looks for what was said in files and in the memory of other processes."""

import json
import resource
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_WORD = np.dtype("<u8")
_KEY_BYTES = 2 * _WORD.itemsize
_STRIDE_WORDS = 4

MATCH_BYTES = 64
"""So much in a row that is a mark's is a trace, 32 samples as PCM16, 16 as float32: enough to have
a key at each place where one is looked for. Where glibc makes a block smaller in its place, 24
bytes are kept."""

_PAGE_BYTES = resource.getpagesize()
_IS_USED_SHIFT = 62
"""The two highest bits of an entry of `pagemap`: the page is in memory, or in the swap."""

_TABLE_BITS = 26
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
    """Each 16 bytes of the marks are a key, and memory is looked at every 32 bytes."""

    def __init__(self, forms: Sequence[tuple[str, bytes]]) -> None:
        self._marks = [mark for mark, _ in forms]
        self._data = [data for _, data in forms]
        keys, places = zip(*(_keys_at_every_byte(data) for data in self._data), strict=True)
        owners = np.repeat(np.arange(len(forms)), [len(part) for part in keys])
        every = np.concatenate(keys)
        order = np.argsort(every)
        self._keys, self._owners = every[order], owners[order]
        self._places = np.concatenate(places)[order]
        self._table = np.zeros(1 << _TABLE_BITS, bool)
        self._table[self._keys >> np.uint64(64 - _TABLE_BITS)] = True

    def find(self, data: bytes) -> set[str]:
        """Return the marks that are found."""
        words = np.frombuffer(data, _WORD, len(data) // _WORD.itemsize)
        keys = _keys(words[:-1:_STRIDE_WORDS], words[1::_STRIDE_WORDS])
        (maybe,) = np.nonzero(self._table[keys >> np.uint64(64 - _TABLE_BITS)])
        first = np.searchsorted(self._keys, keys[maybe], "left")
        stop = np.searchsorted(self._keys, keys[maybe], "right")
        found: set[str] = set()
        for index in np.flatnonzero(stop > first).tolist():
            offset = int(maybe[index]) * _STRIDE_WORDS * _WORD.itemsize
            for candidate in range(int(first[index]), int(stop[index])):
                owner, place = int(self._owners[candidate]), int(self._places[candidate])
                if self._marks[owner] in found:
                    continue
                if _common_bytes(data, offset, self._data[owner], place) >= MATCH_BYTES:
                    found.add(self._marks[owner])
        return found


def _keys(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each two words in a row; equal ones are equal."""
    return first[: len(second)] * _FACTORS[0] ^ second * _FACTORS[1]


def _keys_at_every_byte(data: bytes) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The keys of a mark, and where they are; not those of silence, which is found everywhere."""
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), _KEY_BYTES)
    different = np.count_nonzero(np.diff(np.sort(windows, axis=1), axis=1), axis=1) + 1
    (places,) = np.nonzero(different > _KEY_BYTES // 2)
    words = np.ascontiguousarray(windows[places]).view(_WORD)
    return _keys(words[:, 0], words[:, 1]), places


def _common_bytes(one: bytes, at: int, other: bytes, place: int) -> int:
    """How many bytes around two places are the same, of `MATCH_BYTES` on each side."""
    before = min(at, place, MATCH_BYTES)
    behind = _same_at_the_beginning(one[at : at + MATCH_BYTES], other[place : place + MATCH_BYTES])
    ahead = _same_at_the_beginning(one[at - before : at][::-1], other[place - before : place][::-1])
    return ahead + behind


def _same_at_the_beginning(one: bytes, other: bytes) -> int:
    """How many bytes at the beginning are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


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
        found = {Trace(mark, place) for mark in self._numbers.find(data)}
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
    """The pages of a process that it can write to and has used: the others hold nothing."""
    folder = Path(f"/proc/{pid}")
    maps = (folder / "maps").read_text().splitlines()
    with (
        (folder / "mem").open("rb", buffering=0) as memory,
        (folder / "pagemap").open("rb", buffering=0) as pages,
    ):
        for line in maps:
            addresses, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            first, end = (int(address, 16) // _PAGE_BYTES for address in addresses.split("-"))
            pages.seek(first * _WORD.itemsize)
            entries = np.frombuffer(pages.read((end - first) * _WORD.itemsize), _WORD)
            is_used = entries >> np.uint64(_IS_USED_SHIFT) != 0
            edges = np.flatnonzero(np.diff(is_used, prepend=False, append=False))
            for start, stop in edges.reshape(-1, 2).tolist():
                memory.seek((first + start) * _PAGE_BYTES)
                with suppress(OSError):  # the process has returned this memory meanwhile
                    yield memory.read((stop - start) * _PAGE_BYTES)
