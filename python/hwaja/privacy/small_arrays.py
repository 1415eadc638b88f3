"""Overwrites the memory of small arrays that were freed.

NumPy keeps a few freed blocks of each size below 1 kB and hands them out again as they are: a voice
of 192 float32, for instance. glibc does not see them as freed, so it does not overwrite them.
"""

import numpy as np

_STOP_BYTES = 1024
_STEP_BYTES = 2
"""The smallest element of audio and voices, an int16."""

_BLOCKS = 8
"""Of each size. NumPy 2.4 keeps 7 (`NBUCKETS` and `NCACHE` in its alloc.cpp)."""


def overwrite_freed_arrays() -> None:
    """Take the blocks that NumPy keeps, and overwrite them. It takes 2 to 4 ms."""
    for size in range(_STEP_BYTES, _STOP_BYTES, _STEP_BYTES):
        for block in [np.empty(size, np.uint8) for _ in range(_BLOCKS)]:
            block.fill(0)
