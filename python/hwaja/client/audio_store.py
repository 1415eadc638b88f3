"""The audio of one enrolment or transcription that the server may still need; no socket."""

from collections import deque

_SAMPLE_BYTES = 2


class AudioStore:
    """Keeps audio from when it is there until the server has taken it.

    Positions count samples from the beginning of the enrolment or transcription, as the server's
    `received_samples` does: `start <= sent <= end`, and what lies from `start` to `end` is kept.
    """

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()  # from `start` on
        self._unsent = 0  # chunks at the end that are to be sent
        self.start = self.sent = self.end = 0

    def append(self, pcm: bytes) -> None:
        """Keep a chunk of whole samples, to be sent."""
        if pcm:
            self._chunks.append(pcm)
            self._unsent += 1
            self.end += len(pcm) // _SAMPLE_BYTES

    def next(self) -> bytes | None:
        """Hand out the next chunk to send; None: everything was sent."""
        if not self._unsent:
            return None
        chunk = self._chunks[-self._unsent]
        self._unsent -= 1
        self.sent += len(chunk) // _SAMPLE_BYTES
        return chunk

    def confirm(self, position: int) -> None:
        """Forget what the server has taken. A position that was not sent changes nothing."""
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
        """Send on from a position: what came behind it was lost on its way."""
        self.confirm(position)
        self._unsent = len(self._chunks)
        self.sent = self.start

    def rebase(self, position: int) -> int:
        """Count from a position on; returns how many samples from there are not kept any more."""
        lost = max(0, self.start - position)
        self.rewind(position)
        self.end -= self.start
        self.start = self.sent = 0
        return lost
