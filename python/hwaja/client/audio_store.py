"""Stores the audio of one enrolment or transcription while the server may need it; no socket."""

from collections import deque

_SAMPLE_BYTES = 2


class AudioStore:
    """Keeps audio from its arrival until the server confirms it, or until it is answered.

    Positions count samples from the beginning of the enrolment or transcription, as the server's
    `received_samples` does. The samples `[start, end)` are stored, and `start <= sent <= end`.
    """

    def __init__(self, *, keeps_unanswered: bool = False) -> None:
        """Begin. With `keeps_unanswered`, confirmed audio is kept until `answer`."""
        self._keeps_unanswered = keeps_unanswered
        self._chunks: deque[bytes] = deque()  # from `start` on
        self._unsent = 0  # number of unsent chunks, at the end
        self.start = self.confirmed = self.sent = self.end = 0

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
        """Note that the server has the audio before `position`. Ignore an unsent position."""
        if position > self.sent:
            return
        self.confirmed = max(self.confirmed, position)
        if not self._keeps_unanswered:
            self._drop(position)

    def answer(self, position: int) -> None:
        """Drop the audio before `position`: nobody needs it again. Ignore an unsent position."""
        if position <= self.sent:
            self.confirmed = max(self.confirmed, position)
            self._drop(position)

    def rewind(self, position: int) -> None:
        """Send again from `position`: the server did not receive the later audio."""
        self.confirm(position)
        self._seek(max(self.start, self.confirmed))

    def rebase(self, position: int) -> int:
        """Make `position` the new zero. Return how many samples after it are no longer stored."""
        lost = max(0, self.start - position)
        self._drop(min(position, self.sent))
        self._seek(self.start)
        self.end -= self.start
        self.start = self.confirmed = self.sent = 0
        return lost

    def _drop(self, position: int) -> None:
        while self._chunks and self.start < position:
            first = self._chunks.popleft()
            samples = len(first) // _SAMPLE_BYTES
            taken = min(samples, position - self.start)
            if taken < samples:
                self._chunks.appendleft(first[taken * _SAMPLE_BYTES :])
            self.start += taken

    def _seek(self, position: int) -> None:
        """Send on from `position`, which is stored."""
        before, after, at = deque[bytes](), deque[bytes](), self.start
        for chunk in self._chunks:
            cut = min(max(0, position - at), len(chunk) // _SAMPLE_BYTES) * _SAMPLE_BYTES
            at += len(chunk) // _SAMPLE_BYTES
            before += [chunk[:cut]] if cut else []
            after += [chunk[cut:]] if cut < len(chunk) else []
        self._chunks, self._unsent, self.sent = before + after, len(after), position
