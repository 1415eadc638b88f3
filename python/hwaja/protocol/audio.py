"""The audio on the wire: what the specification has, and what a client may ask for beyond it."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

SAMPLE_RATE = 16_000
"""Samples per second, API specification section 4.1."""

CHUNK_SAMPLES = 4096
"""Samples in one message, specification section 4.1 (about 256 ms)."""

FLOOR_DBFS = -120.0
"""What the level of digital silence is reported as."""

OPUS_RATE = 48_000
"""Samples per second of an Opus stream, whatever it was made from (RFC 7587, section 4.1)."""

MOST_PACKET_SAMPLES = 5760
"""Longest Opus packet: 120 ms at 48 kHz (RFC 6716, section 3.2.5)."""

MAX_CHANNELS = 2


class AudioEncoding(StrEnum):
    """What the bytes of a message of audio are."""

    PCM16 = "pcm16"
    """Signed 16 bit, little endian."""
    F32 = "f32"
    """Floats of 32 bit, little endian; full scale is 1."""
    MULAW = "mulaw"
    """A byte for each sample (ITU-T G.711)."""
    ALAW = "alaw"
    """A byte for each sample (ITU-T G.711)."""
    OPUS = "opus"
    """One packet in each message (RFC 6716), without a container."""


_SAMPLE_BYTES = {
    AudioEncoding.PCM16: 2,
    AudioEncoding.F32: 4,
    AudioEncoding.MULAW: 1,
    AudioEncoding.ALAW: 1,
}


class AudioConfig(Struct, frozen=True, omit_defaults=True):
    """How the audio of an enrolment or a transcription is encoded."""

    encoding: AudioEncoding = AudioEncoding.PCM16
    """What the bytes of a message are; `pcm16` without it."""
    sample_rate: Annotated[int, Meta(ge=8000, le=OPUS_RATE)] | None = None
    """Samples per second and channel; 16000 without it. Those of `opus` are always counted at
    48000, as in RFC 7587, whatever this says."""
    channels: Annotated[int, Meta(ge=1, le=MAX_CHANNELS)] = 1
    """1 without it; 2: a sample of each in turn, only with `"speakers": "channels"`."""

    @property
    def rate(self) -> int:
        """Samples per second and channel."""
        is_opus = self.encoding is AudioEncoding.OPUS
        return OPUS_RATE if is_opus else self.sample_rate or SAMPLE_RATE

    @property
    def is_specified(self) -> bool:
        """Whether it is the audio of the specification: PCM16, 16 kHz, mono."""
        return (self.encoding, self.rate, self.channels) == (AudioEncoding.PCM16, SAMPLE_RATE, 1)

    @property
    def frame_bytes(self) -> int | None:
        """Bytes of one sample of each channel. None: Opus packets have no fixed length."""
        sample_bytes = _SAMPLE_BYTES.get(self.encoding)
        return None if sample_bytes is None else sample_bytes * self.channels

    def samples_in(self, data: bytes | bytearray | memoryview) -> int:
        """Return how many samples of each channel a message has; a sample that is cut counts not.

        Raises:
            ValueError: for an Opus packet without a known length.

        """
        if self.frame_bytes is None:
            return opus_samples(data)
        return len(data) // self.frame_bytes


PLAIN = AudioConfig()
"""The audio of the specification."""

_SILK_SAMPLES = (480, 960, 1920, 2880)
_HYBRID_SAMPLES = (480, 960)
_CELT_SAMPLES = (120, 240, 480, 960)
_FRAME_SAMPLES = 3 * _SILK_SAMPLES + 2 * _HYBRID_SAMPLES + 4 * _CELT_SAMPLES
"""Samples of a frame at 48 kHz, by the configuration of a packet (RFC 6716, table 2)."""

_COUNTED = 3
"""The code of a packet whose second byte says how many frames it has."""


def opus_samples(packet: bytes | bytearray | memoryview) -> int:
    """Return how many samples of each channel an Opus packet has, at 48 kHz.

    RFC 6716, section 3.1. The packet is not checked further.

    Raises:
        ValueError: for a packet that is too short to tell.

    """
    code = packet[0] & 3 if len(packet) else _COUNTED
    if len(packet) < (2 if code == _COUNTED else 1):
        raise ValueError("the packet is cut")
    frames = packet[1] & 0x3F if code == _COUNTED else (1, 2, 2)[code]
    return frames * _FRAME_SAMPLES[packet[0] >> 3]


def is_stereo(packet: bytes | bytearray | memoryview) -> bool:
    """Return whether an Opus packet, of one byte at least, has two channels (RFC 6716, 3.1)."""
    return bool(packet[0] & 4)
