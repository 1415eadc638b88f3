"""Captures this machine's microphone through PortAudio."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from ctypes.util import find_library
from typing import Any, Protocol

from hwaja.client.sound_files import AudioError
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE

PATIENCE_SECONDS = 5.0
"""Timeout for a chunk. A working microphone delivers one every 0.26 s, in silence too."""

_PORTAUDIO_BY_PLATFORM = {
    "linux": "apt install libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora)",
    "darwin": "brew install portaudio",
}
_PORTAUDIO_ELSEWHERE = "pip install --force-reinstall sounddevice, which brings it along"


class Flags(Protocol):
    """PortAudio's status flags of a chunk."""

    @property
    def input_overflow(self) -> bool:
        """Whether audio before the chunk was lost because it was not read in time."""


class SoundLibrary(Protocol):
    """The part of sounddevice that hwaja uses."""

    @property
    def PortAudioError(self) -> type[Exception]:  # noqa: N802
        """The exception class for a missing device."""

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
        """Open the default device; it captures while the context is open."""


def sound_library() -> SoundLibrary:
    """Return sounddevice.

    Raises:
        AudioError: where sounddevice or PortAudio is not installed; the message gives the remedy.

    """
    portaudio = _PORTAUDIO_BY_PLATFORM.get(sys.platform, _PORTAUDIO_ELSEWHERE)
    try:
        import sounddevice
    except ImportError:
        # Told at once, so that nobody has to try again to learn of the second.
        is_missing = sys.platform == "linux" and find_library("portaudio") is None
        further = f", and PortAudio: {portaudio}" if is_missing else ""
        raise AudioError(f"The microphone needs: pip install 'hwaja[mic]'{further}.") from None
    except OSError:
        raise AudioError(f"The microphone needs PortAudio: {portaudio}.") from None
    library: SoundLibrary = sounddevice
    return library


class Microphone:
    """The default microphone, used from the running event loop."""

    def __init__(self, library: SoundLibrary, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Open the microphone.

        Args:
            library: sounddevice.
            patience_seconds: after this time without a chunk, the microphone counts as gone.

        Raises:
            AudioError: where the microphone cannot be opened.

        """
        self._library = library
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._captured: asyncio.Queue[bytes | None] = asyncio.Queue()  # None: the end
        self._is_stopped = False
        self.is_gone = False
        """Whether the microphone ended without a call of `stop`."""
        self.overflows = 0
        """Number of times that audio was lost because it was not read in time."""
        with self._explained():
            self._stream = library.RawInputStream(
                SAMPLE_RATE,
                CHUNK_SAMPLES,
                channels=1,
                dtype="int16",
                callback=self._take,
                finished_callback=self._finish,
            )

    def stop(self) -> None:
        """End `chunks` after the audio captured so far."""
        self._is_stopped = True
        self._captured.put_nowait(None)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Capture; yield PCM16 chunks until `stop` is called or the microphone is gone.

        Raises:
            AudioError: where the capture does not begin.

        """
        with self._explained(), self._stream:
            while (chunk := await self._next()) is not None:
                yield chunk
        while not self._captured.empty():
            if (chunk := self._captured.get_nowait()) is not None:
                yield chunk

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._library.PortAudioError as error:
            raise AudioError(
                f"The microphone cannot be used: {error.args[0]}. To see which ones there are, run "
                "python -m sounddevice."
            ) from error

    async def _next(self) -> bytes | None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                chunk = await self._captured.get()
        except TimeoutError:
            chunk = None
        if chunk is None:
            self.is_gone = not self._is_stopped
        return chunk

    def _take(self, data: Any, _frames: int, _time: Any, flags: Flags) -> None:
        """Copy a chunk in PortAudio's thread; the buffer belongs to PortAudio."""
        self.overflows += flags.input_overflow
        self._loop.call_soon_threadsafe(self._captured.put_nowait, bytes(data))

    def _finish(self) -> None:
        """Queue the end of the capture, from PortAudio's thread."""
        self._loop.call_soon_threadsafe(self._captured.put_nowait, None)
