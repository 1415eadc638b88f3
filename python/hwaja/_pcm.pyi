"""The audio path, written in Rust: a PCM16 ring buffer, its frames and their levels.

One crossing into Rust per message, never per frame. What crosses, and what is copied:

- In: the bytes are borrowed for the call and copied once, into the ring. No other thread may write
  to them meanwhile.
- Out: one pass from int16 to float32, straight into a new array that NumPy owns and that the
  caller may keep and write to. No view of the ring escapes, so nothing changes or vanishes under
  the caller when audio is pushed or released. Such a copy is the caller's to forget.

Words:

- PCM16: signed 16-bit samples, little endian, one channel. As float32 a sample is divided by
  32768, so it lies in [-1, 1).
- Sample index: absolute, that is, how many samples were pushed before. It never wraps.
- dBFS: RMS relative to a full-scale square wave, which is 0.0; a full-scale sine is -3.01. What
  swings slower than 80 Hz (DC, and the hum of the mains) does not count. Silence is -120.0, and
  nothing is less: every level is a finite number.

The list that ends a docstring holds the errors. Besides those, an argument of the wrong type is a
TypeError; so is a buffer that is not contiguous or whose items are not single bytes.
"""

from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

__all__ = ["RingBuffer"]

@final
class RingBuffer:
    """The recent samples of one session: those in [start, end), never more than `capacity`.

    It neither grows nor overwrites: audio stays until it is released, and a full ring refuses more.
    Memory that holds no audio holds zeros, also when the ring itself is freed.

    A ring has one owner, the thread of the event loop. A call from another thread would corrupt
    nothing (the GIL is held throughout, as a call takes microseconds), but an index that the owner
    has just read might be out of date.

    A method that raises has changed nothing.
    """

    def __new__(cls, capacity: int) -> Self:
        """Make an empty ring of `capacity` samples, and get all the memory it will ever have.

        - ValueError: capacity is not at least 1.
        - MemoryError: there is not that much memory.
        """

    @property
    def capacity(self) -> int:
        """How many samples fit."""

    @property
    def start(self) -> int:
        """The index of the first sample held. Everything before it was released."""

    @property
    def end(self) -> int:
        """The index of the sample that comes next: how many were ever pushed."""

    def __len__(self) -> int:
        """How many samples are held: end - start."""

    def push(self, pcm: Buffer) -> int:
        """Append PCM16, and return the new end.

        `pcm` is any contiguous buffer of bytes, such as bytes, bytearray or memoryview; it may be
        empty.

        - ValueError: the number of bytes is odd.
        - BufferError: there is no room for all of it. Nothing is written.
        """

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the samples [start, stop): shape (stop - start,), in [-1, 1).

        - IndexError: they are not all within [self.start, self.end), or stop is before start.
        """

    def frames(self, start: int, size: int) -> NDArray[np.float32]:
        """Return all whole frames of [start, self.end): shape (n, size), in [-1, 1).

        Row k is the samples [start + k * size, start + (k + 1) * size), whichever chunks they came
        in: no state is kept. So n is (self.end - start) // size, which may be 0.

        - ValueError: size is not within 1 to the capacity, so no such frame could ever be whole.
        - IndexError: start is not within [self.start, self.end].
        """

    def levels(self, start: int, size: int) -> NDArray[np.float32]:
        """Return the level in dBFS of each frame that `frames` gives: shape (n,), in [-120, 0].

        It is the RMS of what is left of the frame once its coefficients below 80 Hz of a discrete
        cosine transform are taken out, so it depends on the samples of the frame alone. A frame
        of 512 costs some 2 µs; the cost of longer ones grows with the square of their length.

        - ValueError, IndexError: as for `frames`.
        """

    def release(self, index: int) -> None:
        """Forget every sample before `index`, and overwrite it with zeros.

        - IndexError: index is not within [self.start, self.end].
        """
