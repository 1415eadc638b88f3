"""What was read of one client and its session has not taken yet, in order.

A client's pings lie behind its audio. So the socket is read on while the session is busy, up to a
bound, and what is read waits here. Audio is overwritten once it was taken, or is dropped.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hwaja.protocol.audio import SAMPLE_RATE

MOST_BYTES = 24 << 20
"""Of one client: the longest transcription of the specification, 10 minutes, in chunks of 20 ms or
longer, with what the chunks themselves take."""

MESSAGE_BYTES = 160
"""What a message takes beside its content."""

Take = Callable[[str | bytearray, float], Awaitable[None]]
"""Takes a message, and when it was read, in seconds of a monotonic clock."""


@dataclass(slots=True)
class Reserve:
    """The memory that what waits may take, of all clients together."""

    most_bytes: int
    used_bytes: int = 0
    shrunk: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when less is used than before."""


@dataclass(frozen=True, slots=True)
class _Read:
    message: str | bytearray
    read_at: float

    @property
    def audio_bytes(self) -> int:
        return 0 if isinstance(self.message, str) else len(self.message)

    def erase(self) -> None:
        if isinstance(self.message, bytearray):
            self.message[:] = bytes(len(self.message))


class ReadAhead:
    """The messages of one client that wait."""

    def __init__(self, reserve: Reserve) -> None:
        """Prepare; `reserve` is shared with all other clients."""
        self._reserve = reserve
        self._waiting: deque[_Read] = deque()
        self._taking: _Read | None = None
        self._used_bytes = 0
        self._audio_bytes = 0
        self._filled = asyncio.Event()
        self._is_closed = False

    @property
    def waits(self) -> bool:
        """Whether a message waits that is not being taken."""
        return bool(self._waiting)

    @property
    def audio_seconds(self) -> float:
        """How much audio waits, with that which is being taken."""
        return self._audio_bytes / 2 / SAMPLE_RATE

    def waited_seconds(self, now: float) -> float:
        """Return how long the oldest message waits that is not wholly taken; 0: there is none."""
        oldest = self._taking or (self._waiting[0] if self._waiting else None)
        return 0.0 if oldest is None else now - oldest.read_at

    def has_room(self, message: str | bytes) -> bool:
        """Return whether a message may wait; where nothing does, any may.

        So a client whose audio is taken as it comes is read however much others have waiting.
        """
        size = _size(message)
        return not self._waiting or (
            self._used_bytes + size <= MOST_BYTES
            and self._reserve.used_bytes + size <= self._reserve.most_bytes
        )

    async def room(self, message: str | bytes) -> None:
        """Wait until a message may wait."""
        while not self.has_room(message):
            self._reserve.shrunk.clear()
            await self._reserve.shrunk.wait()

    def put(self, message: str | bytes, read_at: float) -> None:
        """Add a message behind all others; once this is closed it is passed over."""
        if not self._is_closed:
            read = _Read(message if isinstance(message, str) else bytearray(message), read_at)
            self._waiting.append(read)
            self._count(read, 1)
            self._filled.set()

    async def take_all(self, take: Take) -> None:
        """Have one message after the other taken, until this is closed and none is left."""
        while await self._is_filled():
            await self._take_first(take)

    def close(self) -> None:
        """Let nothing more in; what waits is still taken."""
        self._is_closed = True
        self._filled.set()

    def drop(self) -> None:
        """Let nothing more in, and forget what waits."""
        self.close()
        while self._waiting:
            self._forget(self._waiting.popleft())

    async def _is_filled(self) -> bool:
        """Wait for a message; return whether there is one."""
        while not self._waiting and not self._is_closed:
            self._filled.clear()
            await self._filled.wait()
        return bool(self._waiting)

    async def _take_first(self, take: Take) -> None:
        # A function of its own: who waits for the next message must not hold the last.
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
        self._audio_bytes += sign * read.audio_bytes


def _size(message: str | bytes | bytearray) -> int:
    """Return what a message takes; of a character, four bytes at most."""
    return MESSAGE_BYTES + len(message) * (4 if isinstance(message, str) else 1)
