"""Choices that are read from the bytes of a fuzzer."""

from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")


class Choices:
    """Decides by one byte after the other; by zeros once there are none left."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def are_left(self) -> bool:
        return self._at < len(self._content)

    def take(self, count: int) -> bytes:
        """At most `count` bytes."""
        self._at += count
        return self._content[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.take(len(self._content))

    def number(self, most: int) -> int:
        """From 0 to `most`."""
        width = (most.bit_length() + 7) // 8
        return int.from_bytes(self.take(width), "big") % (most + 1)

    def flag(self) -> bool:
        return self.number(1) == 1

    def one_of(self, options: Sequence[Option]) -> Option:
        return options[self.number(len(options) - 1)]

    def text(self, most: int) -> str:
        """Up to `most` characters, of which some are no characters: halves of surrogate pairs."""
        units = self.take(2 * self.number(most))
        return units[: len(units) // 2 * 2].decode("utf-16-le", "surrogatepass")
