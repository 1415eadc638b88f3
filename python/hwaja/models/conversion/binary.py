"""Reads binary model files with bounds checks.

No library that hwaja requires reads Moonshine's token table.
"""

import struct

from hwaja.models.errors import ModelError


class Reader:
    """Reads values from a file's bytes in order."""

    def __init__(self, content: bytes | memoryview, title: str) -> None:
        self._content = memoryview(content)
        self._title = title
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether all bytes were read."""
        return self._at == len(self._content)

    def take(self, count: int) -> memoryview:
        """Return the next `count` bytes.

        Raises:
            ModelError: where fewer bytes are left.

        """
        stop = self._at + count
        if stop > len(self._content):
            raise ModelError(f"{self._title} is truncated.")
        self._at = stop
        return self._content[stop - count : stop]

    def numbers(self, layout: str) -> tuple[int, ...]:
        """Return the next integers.

        Args:
            layout: their types in `struct`'s notation.

        Raises:
            ModelError: where the file ends before the last of them.

        """
        return struct.unpack(layout, self.take(struct.calcsize(layout)))
