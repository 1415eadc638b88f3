"""A fake sound library, whose microphone follows a script and can fail like real ones."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from hwaja.cli.microphone import Flags
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE


class PortAudioError(Exception):
    """As sounddevice's: what went wrong, and its number."""


@dataclass(frozen=True)
class Given:
    """What PortAudio says with a chunk."""

    input_overflow: bool = False


class SoundCard:
    """sounddevice with one microphone, which gives all its audio when it is started."""

    PortAudioError = PortAudioError

    def __init__(
        self,
        chunks: Iterable[bytes] = (),
        *,
        flags: Flags = Given(),
        then: Callable[[], None] = lambda: None,
        ends: bool = False,
        fails_to: str = "",
    ) -> None:
        """Prepare.

        Args:
            chunks: its audio.
            flags: what is said with each chunk.
            then: called after the last chunk.
            ends: whether the device says then that it has ended; else it says nothing any more.
            fails_to: "open" or "start", at which no device is there.

        """
        self._chunks = chunks
        self._flags = flags
        self._then = then
        self._ends = ends
        self._fails_to = fails_to
        self.is_running = False

    def RawInputStream(  # noqa: N802
        self,
        samplerate: int,
        blocksize: int,
        *,
        channels: int,
        dtype: str,
        callback: Callable[[Any, int, Any, Flags], None],
        finished_callback: Callable[[], None],
    ) -> AbstractContextManager[object]:
        assert (samplerate, blocksize, channels, dtype) == (SAMPLE_RATE, CHUNK_SAMPLES, 1, "int16")
        self._check("open")
        self._callback = callback
        self._finished = finished_callback
        return self

    def __enter__(self) -> Self:
        self._check("start")
        self.is_running = True
        buffer = bytearray()  # which the library uses again
        for chunk in self._chunks:
            buffer[:] = chunk
            self._callback(buffer, len(chunk) // 2, None, self._flags)
        self._then()
        if self._ends:
            self._finished()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_running = False
        self._finished()

    def _check(self, what: str) -> None:
        if self._fails_to == what:
            raise PortAudioError("Error querying device -1", -1)
