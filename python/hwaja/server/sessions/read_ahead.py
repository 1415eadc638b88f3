"""Buffers the messages that were read from one client, in order, until its session takes them.

A client's pings lie behind its audio. So the reader continues to read the socket while the session
is busy, up to a limit, and buffers the messages here. Audio is overwritten when the session has
taken it, and when it is dropped.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

MOST_BYTES = 24 << 20
"""Limit for one client.

It holds the longest transcription of the specification, 10 minutes, in chunks of 20 ms or longer,
with the overhead of each chunk.
"""

MESSAGE_BYTES = 160
"""Overhead of a message in memory, without its content."""

Take = Callable[[str | bytearray, float], Awaitable[None]]
"""Called with a message and the time at which it was read, in seconds of a monotonic clock."""


@dataclass(slots=True)
class Reserve:
    """The memory for buffered messages, shared by all clients."""

    most_bytes: int
    used_bytes: int = 0
    shrunk: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when memory was freed."""


@dataclass(frozen=True, slots=True)
class _Read:
    message: str | bytearray
    read_at: float
    audio_seconds: float

    def erase(self) -> None:
        if isinstance(self.message, bytearray):
            self.message[:] = bytes(len(self.message))


class ReadAhead:
    """The buffered messages of one client."""

    def __init__(self, reserve: Reserve) -> None:
        """Begin with an empty buffer; all clients share `reserve`."""
        self._reserve = reserve
        self._waiting: deque[_Read] = deque()
        self._taking: _Read | None = None
        self._used_bytes = 0
        self._audio_seconds = 0.0
        self._filled = asyncio.Event()
        self._is_closed = False

    @property
    def waits(self) -> bool:
        """Whether a message is buffered that the session has not begun to take."""
        return bool(self._waiting)

    @property
    def audio_seconds(self) -> float:
        """Duration of the buffered audio, with the message that the session is taking."""
        return self._audio_seconds if self._taking or self._waiting else 0.0  # no rounding error

    def waited_seconds(self, now: float) -> float:
        """Return the age of the oldest message that is not fully taken; 0: there is none."""
        oldest = self._taking or (self._waiting[0] if self._waiting else None)
        return 0.0 if oldest is None else now - oldest.read_at

    def has_room(self, message: str | bytes) -> bool:
        """Return whether a message fits; any message fits in an empty buffer.

        So the server still reads a client without a backlog when other clients use all the memory.
        """
        size = _size(message)
        return not self._waiting or (
            self._used_bytes + size <= MOST_BYTES
            and self._reserve.used_bytes + size <= self._reserve.most_bytes
        )

    async def room(self, message: str | bytes) -> None:
        """Wait until a message fits."""
        while not self.has_room(message):
            self._reserve.shrunk.clear()
            await self._reserve.shrunk.wait()

    def put(self, message: str | bytes, read_at: float, audio_seconds: float = 0.0) -> None:
        """Append a message, with the duration of its audio; after `close` or `drop`, ignore it."""
        if not self._is_closed:
            content = message if isinstance(message, str) else bytearray(message)
            read = _Read(content, read_at, audio_seconds)
            self._waiting.append(read)
            self._count(read, 1)
            self._filled.set()

    async def take_all(self, take: Take) -> None:
        """Call `take` with one message after the other, until the buffer is closed and empty."""
        while await self._is_filled():
            await self._take_first(take)

    def close(self) -> None:
        """Accept no further messages; `take_all` still takes the buffered ones."""
        self._is_closed = True
        self._filled.set()

    def drop(self) -> None:
        """Accept no further messages and drop the buffered ones."""
        self.close()
        while self._waiting:
            self._forget(self._waiting.popleft())

    async def _is_filled(self) -> bool:
        """Wait for a message; return False where the buffer is closed and empty."""
        while not self._waiting and not self._is_closed:
            self._filled.clear()
            await self._filled.wait()
        return bool(self._waiting)

    async def _take_first(self, take: Take) -> None:
        # A separate function: no local variable keeps the last message during the next wait.
        read = self._taking = self._waiting.popleft()
        try:
            await take(read.message, read.read_at)
        finally:
            self._taking = None
            self._forget(read)

    def _forget(self, read: _Read) -> None:
        self._count(read, -1)
        self._reserve.shrunk.set()
        read.erase()

    def _count(self, read: _Read, sign: int) -> None:
        self._used_bytes += sign * _size(read.message)
        self._reserve.used_bytes += sign * _size(read.message)
        self._audio_seconds += sign * read.audio_seconds


def _size(message: str | bytes | bytearray) -> int:
    """Return the memory of a message in bytes; a character takes four bytes at most."""
    return MESSAGE_BYTES + len(message) * (4 if isinstance(message, str) else 1)
