"""Stores the audio of one enrolment or transcription until the server confirms it; no socket."""

from collections import deque

_SAMPLE_BYTES = 2


class AudioStore:
    """Keeps audio from its arrival until the server confirms it.

    Positions count samples from the beginning of the enrolment or transcription, as the server's
    `received_samples` does. `start <= sent <= end`; the samples `[start, end)` are stored.
    """

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()  # from `start` on
        self._unsent = 0  # number of unsent chunks, at the end
        self.start = self.sent = self.end = 0

    def append(self, pcm: bytes) -> None:
        """Store a chunk of PCM16, whole samples, for sending."""
        if pcm:
            self._chunks.append(pcm)
            self._unsent += 1
            self.end += len(pcm) // _SAMPLE_BYTES

    def next(self) -> bytes | None:
        """Return the next chunk to send and count it as sent; None if all chunks are sent."""
        if not self._unsent:
            return None
        chunk = self._chunks[-self._unsent]
        self._unsent -= 1
        self.sent += len(chunk) // _SAMPLE_BYTES
        return chunk

    def confirm(self, position: int) -> None:
        """Drop the audio before `position`, which the server has. Ignore an unsent position."""
        if position > self.sent:
            return
        while self._chunks and self.start < position:
            first = self._chunks.popleft()
            samples = len(first) // _SAMPLE_BYTES
            taken = min(samples, position - self.start)
            if taken < samples:
                self._chunks.appendleft(first[taken * _SAMPLE_BYTES :])
            self.start += taken

    def rewind(self, position: int) -> None:
        """Send again from `position`: the server did not receive the later audio."""
        self.confirm(position)
        self._unsent = len(self._chunks)
        self.sent = self.start

    def rebase(self, position: int) -> int:
        """Make `position` the new zero. Return how many samples after it are no longer stored."""
        lost = max(0, self.start - position)
        self.rewind(position)
        self.end -= self.start
        self.start = self.sent = 0
        return lost
