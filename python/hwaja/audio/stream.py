"""The audio of one session, from the client's messages to the rings."""

from collections.abc import Iterator

from hwaja._pcm import RingBuffer
from hwaja.audio.decoder import Data, Decoder, Pcm16, fault_of
from hwaja.audio.positions import Positions
from hwaja.protocol.audio import PLAIN, SAMPLE_RATE, AudioConfig
from hwaja.protocol.codes import Reason

RING_SECONDS = 32
"""Audio kept for a session: an open utterance of 15 s and another 15 s that are being decoded. The
longest enrolment fits as well."""

PIECE_SAMPLES = 16 * 512
"""A long message is taken in pieces of about 0.5 s, so that no client blocks the loop for long."""


class AudioStream:
    """Decodes the audio of a session into a ring for each channel.

    Audio of the specification goes into its ring as it is. Other audio is decoded and resampled.
    """

    def __init__(self, capacity: int) -> None:
        """Begin with an empty ring of `capacity` samples, and audio of the specification."""
        self.ring = RingBuffer(capacity)
        """PCM16 of 16 kHz, of the first channel."""
        self.rings = [self.ring]
        """The rings of all channels. They hold the same span of samples."""
        self.begin(PLAIN)

    def begin(self, config: AudioConfig) -> None:
        """Begin another stream behind the audio so far. What a resampler held back is dropped.

        Raises:
            ImportError: if the stream is Opus, and PyAV is not installed. Nothing has changed.

        """
        self._decoder = None if config.is_specified else Decoder(config)
        self._config = config
        beside = range(1, config.channels)
        self.rings[1:] = [RingBuffer(self.ring.capacity, self.ring.end) for _ in beside]
        self._positions = Positions(self.ring.end, config.rate)

    @property
    def is_specified(self) -> bool:
        """Whether the stream is audio of the specification."""
        return self._config.is_specified

    @property
    def sent_stop(self) -> int:
        """Index behind all that the client sent, also what a resampler still holds back."""
        return self._positions.index_behind(0)

    def between(self, start: int, stop: int) -> int:
        """Return how many samples the client sent for samples `[start, stop)` of the session."""
        return self._positions.between(start, stop)

    def fault_of(self, message: Data) -> Reason | None:
        """Return why none of a message can be taken; None if it can be."""
        return fault_of(message, self._config)

    def seconds_of(self, message: Data) -> float:
        """Return the duration of a message; 0 for an Opus packet without a known length."""
        try:
            return self._config.samples_in(message) / self._config.rate
        except ValueError:
            return 0.0

    def stop_of(self, message: Data) -> int:
        """Return the index behind a message that is good, once all of it is in the ring."""
        return self._positions.index_behind(self._config.samples_in(message))

    def pieces_of(self, message: memoryview) -> Iterator[memoryview]:
        """Yield the pieces in which a message is taken: whole samples, or an Opus packet."""
        frame_bytes = self._config.frame_bytes
        piece_frames = PIECE_SAMPLES * self._config.rate // SAMPLE_RATE
        piece_bytes = len(message) if frame_bytes is None else piece_frames * frame_bytes
        for offset in range(0, len(message), piece_bytes):
            yield message[offset : offset + piece_bytes]

    def has_room(self, piece: memoryview) -> bool:
        """Return whether all of a piece fits in the ring, and what is held back before it."""
        return self.stop_of(piece) - self.ring.start <= self.ring.capacity

    def push(self, piece: memoryview) -> None:
        """Decode a piece for which there is room.

        Raises:
            BadAudioError: for an Opus packet that libopus refuses. It is skipped.

        """
        if self._decoder is None:
            self.ring.push(piece)
        else:
            self._store(self._decoder.decode(piece))
        self._positions.take(self._config.samples_in(piece))

    def drain(self) -> bool:
        """Put into the ring what a resampler has held back. There is room for it.

        Returns:
            Whether there was anything.

        """
        if self._decoder is None:
            return False
        before = self.ring.end
        self._store(self._decoder.drain())
        self._positions.drained(self.ring.end)
        return self.ring.end > before

    def release(self, index: int) -> None:
        """Overwrite the audio before sample `index`."""
        for ring in self.rings:
            ring.release(max(index, ring.start))

    def forget(self) -> None:
        """Overwrite all audio."""
        self.release(self.ring.end)
        self.begin(PLAIN)

    def _store(self, samples: Pcm16) -> None:
        for ring, channel in zip(self.rings, samples, strict=True):
            ring.push(channel.data.cast("B"))
        samples.fill(0)
