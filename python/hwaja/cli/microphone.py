"""The microphone of this machine, through PortAudio."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from hwaja.client.sound_files import AudioError
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE

PATIENCE_SECONDS = 5.0
"""A microphone has a chunk every 0.26 s, in silence too: one that has none for so long is gone."""

_PORTAUDIO_BY_PLATFORM = {
    "linux": "apt-get install libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora)",
    "darwin": "brew install portaudio",
}
_PORTAUDIO_ELSEWHERE = "pip install --force-reinstall sounddevice, which brings it along"


class Flags(Protocol):
    """What PortAudio says with a chunk."""

    @property
    def input_overflow(self) -> bool:
        """Whether audio before the chunk was lost, since nobody took it in time."""


class SoundLibrary(Protocol):
    """What is used of sounddevice."""

    @property
    def PortAudioError(self) -> type[Exception]:  # noqa: N802
        """What it raises where there is no such device."""

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
        """Open the default device; it captures while the context lasts."""


def sound_library() -> SoundLibrary:
    """Return sounddevice.

    Raises:
        AudioError: where it or PortAudio is not installed; says what to do.

    """
    try:
        import sounddevice
    except ImportError:
        raise AudioError("The microphone needs: pip install 'hwaja[mic]'.") from None
    except OSError:
        advice = _PORTAUDIO_BY_PLATFORM.get(sys.platform, _PORTAUDIO_ELSEWHERE)
        raise AudioError(f"The microphone needs PortAudio: {advice}.") from None
    library: SoundLibrary = sounddevice
    return library


class Microphone:
    """The default microphone, in the event loop that runs."""

    def __init__(self, library: SoundLibrary, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Open it.

        Args:
            library: sounddevice.
            patience_seconds: after how long without a chunk it is gone.

        Raises:
            AudioError: where it cannot be opened.

        """
        self._library = library
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._captured: asyncio.Queue[bytes | None] = asyncio.Queue()  # None: that was all
        self._is_stopped = False
        self.is_gone = False
        """Whether it has ended by itself."""
        self.overflows = 0
        """How often audio was lost since it was not taken in time."""
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
        """Have `chunks` end with what was captured so far."""
        self._is_stopped = True
        self._captured.put_nowait(None)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Capture; yield PCM16 in chunks until it is stopped, or gone.

        Raises:
            AudioError: where it does not begin.

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
            raise AudioError(f"The microphone cannot be used: {error.args[0]}.") from error

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
        """Take a chunk, in PortAudio's thread; the buffer is its own."""
        self.overflows += flags.input_overflow
        self._loop.call_soon_threadsafe(self._captured.put_nowait, bytes(data))

    def _finish(self) -> None:
        """Learn in PortAudio's thread that nothing more will come."""
        self._loop.call_soon_threadsafe(self._captured.put_nowait, None)
