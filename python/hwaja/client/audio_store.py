"""Stores the audio of one enrolment or transcription while the server may need it; no socket."""

from collections import deque

from hwaja.protocol.audio import PLAIN, AudioConfig


class AudioStore:
    """Keeps audio from its arrival until the server confirms it, or until it is answered.

    Positions count samples of each channel from the beginning of the enrolment or transcription, as
    the server's `received_samples` does. The samples `[start, end)` are stored, and
    `start <= sent <= end`. An Opus packet is stored and sent whole.
    """

    def __init__(self, config: AudioConfig = PLAIN, *, keeps_unanswered: bool = False) -> None:
        """Begin. With `keeps_unanswered`, confirmed audio is kept until `answer`."""
        self._config = config
        self._keeps_unanswered = keeps_unanswered
        self._chunks: deque[bytes] = deque()  # from `start` on
        self._unsent = 0  # number of unsent chunks, at the end
        self.start = self.confirmed = self.sent = self.end = 0

    def append(self, chunk: bytes) -> None:
        """Store a chunk of whole samples, or an Opus packet, for sending."""
        if chunk:
            self._chunks.append(chunk)
            self._unsent += 1
            self.end += self._config.samples_in(chunk)

    def next(self) -> bytes | None:
        """Return the next chunk to send and count it as sent; None if all chunks are sent."""
        if not self._unsent:
            return None
        chunk = self._chunks[-self._unsent]
        self._unsent -= 1
        self.sent += self._config.samples_in(chunk)
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
        """Begin to count anew at `position`, or at the nearest sample from which audio is stored.

        Returns:
            How much later that is. It is earlier only for Opus: by a part of a packet.

        """
        position = min(position, self.sent)
        self._drop(position)
        moved = self.start - position
        self._seek(self.start)
        self.end -= self.start
        self.start = self.confirmed = self.sent = 0
        return moved

    def _drop(self, position: int) -> None:
        while self._chunks and self.start < position:
            before, after = self._divided(self._chunks[0], position - self.start)
            if not before:
                return
            self._chunks.popleft()
            self._chunks.extendleft([after] if after else [])
            self.start += self._config.samples_in(before)

    def _seek(self, position: int) -> None:
        """Send on from `position`, which is stored, or from the packet that it is in."""
        earlier, later, at = deque[bytes](), deque[bytes](), self.start
        self.sent = at
        for chunk in self._chunks:
            before, after = self._divided(chunk, position - at)
            at += self._config.samples_in(chunk)
            if before:
                earlier.append(before)
                self.sent += self._config.samples_in(before)
            later += [after] if after else []
        self._chunks, self._unsent = earlier + later, len(later)

    def _divided(self, chunk: bytes, samples: int) -> tuple[bytes, bytes]:
        """Divide a chunk behind so many samples. A packet stays whole, in the second part."""
        frame_bytes = self._config.frame_bytes
        if frame_bytes is None:
            is_before = self._config.samples_in(chunk) <= samples
            return (chunk, b"") if is_before else (b"", chunk)
        cut = max(0, samples) * frame_bytes
        return chunk[:cut], chunk[cut:]
