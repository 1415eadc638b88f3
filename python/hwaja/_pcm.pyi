"""The audio path, written in Rust: a PCM16 ring buffer, its frames and their powers.

The server calls Rust once per message, never per frame. What is copied:

- In: the bytes are borrowed for the call and copied once, into the ring. No other thread may write
  to them during the call.
- Out: one pass, directly into a new array that NumPy owns. The caller may keep it and write to it.
  No view of the ring is returned, so a push or a release does not change an array. The caller must
  overwrite the copy after use.

Terms:

- PCM16: signed 16-bit samples, little endian, one channel. As float32 a sample is divided by
  32768, so it is in [-1, 1).
- Sample index: absolute, that is, the number of samples pushed before. It never wraps.
- Context: the samples directly before a frame. A speech detector takes them with the frame.
- Power: the mean square of the samples of a frame, each divided by 32768. A full-scale square wave
  has the power 1, a full-scale sine 0.5. Frequencies below 80 Hz (DC and mains hum) do not count:
  their coefficients are left out of the discrete cosine transform of the frame. So a power depends
  only on the samples of the frame. A frame of 512 samples takes about 2 µs. The cost grows with the
  square of the length.

The list at the end of a docstring names the errors. In addition, an argument of the wrong type
raises TypeError, as does a buffer that is not contiguous or whose items are not single bytes.
"""

from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

__all__ = ["RingBuffer"]

@final
class RingBuffer:
    """The recent samples of one session: those in [start, end), at most `capacity`.

    It does not grow, and it never overwrites samples that were not released. A full ring refuses
    more audio. Memory without held samples is zero, also after the ring is freed.

    A ring has one owner, the thread of the event loop. A call from another thread corrupts nothing,
    because each call holds the GIL. But an index that the owner has just read may then be outdated.

    A method that raises changes nothing.
    """

    def __new__(cls, capacity: int, start: int = 0) -> Self:
        """Make an empty ring of `capacity` samples, and allocate all its memory.

        The first sample that is pushed has the index `start`.

        - ValueError: capacity is not at least 1.
        - IndexError: start is negative, or no index.
        - MemoryError: there is not enough memory.
        """

    @property
    def capacity(self) -> int:
        """The number of samples that fit."""

    @property
    def start(self) -> int:
        """The index of the first held sample. All samples before it were released."""

    @property
    def end(self) -> int:
        """The index of the next sample: the number of samples pushed so far."""

    def __len__(self) -> int:
        """Return the number of held samples: end - start."""

    def push(self, pcm: Buffer) -> int:
        """Append PCM16, and return the new end.

        `pcm` is any contiguous buffer of bytes, such as bytes, bytearray or memoryview; it may be
        empty.

        - ValueError: the number of bytes is odd.
        - BufferError: the audio does not fit. Nothing is written.
        """

    def read(self, start: int, stop: int) -> NDArray[np.int16]:
        """Return the samples [start, stop) as they were pushed: shape (stop - start,).

        - IndexError: a sample is not within [self.start, self.end), or stop is before start.
        """

    def frames(
        self, start: int, size: int, context: int, origin: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return all whole frames of [start, self.end) with their contexts, and their powers.

        The frames have shape (n, context + size), in [-1, 1). Row k has the samples
        [start + k * size - context, start + (k + 1) * size), whatever the chunks: no state is kept.
        So n is (self.end - start) // size, which may be 0. Samples before `origin` are zeros.

        The powers have shape (n,). A power is that of the last `size` samples of a row, without the
        context.

        - ValueError: size is not within 1 to the capacity, so such a frame never fits, or context
          is more than size.
        - IndexError: start is not within [self.start, self.end], origin is after start, or samples
          of the context from `origin` on were released.
        """

    def powers(self, start: int, size: int) -> NDArray[np.float64]:
        """Return the powers that `frames` returns, without the frames.

        - ValueError, IndexError: as for `frames` without a context.
        """

    def release(self, index: int) -> None:
        """Release all samples before `index`, and overwrite them with zeros.

        - IndexError: index is not within [self.start, self.end].
        """
