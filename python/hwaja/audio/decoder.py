"""Turns the messages of one stream of audio into PCM16 of 16 kHz, a row for each channel.

What comes out does not depend on how the audio is divided into messages. A resampler holds back
the last samples, since it needs those that follow: `drain` returns them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.audio.opus import OpusDecoder
from hwaja.protocol.audio import (
    MOST_PACKET_SAMPLES,
    SAMPLE_RATE,
    AudioConfig,
    AudioEncoding,
    is_stereo,
)
from hwaja.protocol.codes import Reason

Data = bytes | bytearray | memoryview
Reals = NDArray[np.float32]
Pcm16 = NDArray[np.int16]

_FULL_SCALE = np.float32(32768)


class BadAudioError(Exception):
    """A message that cannot be decoded. It carries the reason only, never the audio."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Decoder:
    """Decodes one stream."""

    def __init__(self, config: AudioConfig) -> None:
        """Begin a stream.

        Raises:
            ImportError: if the stream is Opus, and PyAV is not installed.

        """
        self._config = config
        self._opus = OpusDecoder(config.channels) if config.frame_bytes is None else None
        self._resampler = None if config.rate == SAMPLE_RATE else _resampler(config)

    def decode(self, data: Data) -> Pcm16:
        """Return the samples that a message completes, shape (channels, n); n may be 0.

        The caller overwrites them after use.

        Args:
            data: a message, or whole samples of one, for which `fault_of` returns None.

        Raises:
            BadAudioError: for an Opus packet that libopus refuses. It is skipped.

        """
        return self._resampled(self._reals(data), last=False)

    def drain(self) -> Pcm16:
        """Return the samples that were held back, as if silence followed; shape (channels, n).

        What is decoded later begins anew behind them.
        """
        held = self._resampled(np.zeros((0, self._config.channels), np.float32), last=True)
        if self._resampler is not None:
            self._resampler.clear()
        return held

    def _reals(self, data: Data) -> Reals:
        """Return the samples of a message, shape (n, channels), in [-1, 1], in memory of its own.

        Raises:
            BadAudioError: as `decode`.

        """
        encoding = self._config.encoding
        if self._opus is not None:
            reals = self._unpacked(self._opus, data)
        elif encoding in _BY_BYTE:
            reals = _BY_BYTE[encoding][np.frombuffer(data, np.uint8)]
        elif encoding is AudioEncoding.F32:
            reals = np.clip(np.frombuffer(data, "<f4"), -1, 1)
        else:
            reals = _scaled(np.frombuffer(data, "<i2"))
        return reals.reshape(-1, self._config.channels)

    def _unpacked(self, opus: OpusDecoder, packet: Data) -> Reals:
        try:
            samples = opus.decode(bytes(packet))
        except ValueError:
            raise BadAudioError(Reason.BAD_PACKET) from None
        reals = _scaled(samples)
        samples.fill(0)
        return reals

    def _resampled(self, reals: Reals, *, last: bool) -> Pcm16:
        if self._resampler is None:
            return _rounded(reals)
        resampled: Reals = self._resampler.resample_chunk(reals, last=last)
        reals.fill(0)
        return _rounded(resampled)


def fault_of(data: Data, config: AudioConfig) -> Reason | None:
    """Return why a message is not what `config` says; None if it may be."""
    if config.frame_bytes is None:
        return _fault_of_packet(data, config)
    if len(data) % config.frame_bytes:
        return Reason.ODD_BYTE_COUNT if config.is_specified else Reason.INCOMPLETE_SAMPLE
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return Reason.RIFF_HEADER
    is_real = config.encoding is AudioEncoding.F32
    if is_real and not np.isfinite(np.frombuffer(data, "<f4")).all():
        return Reason.NOT_FINITE
    return None


def _fault_of_packet(packet: Data, config: AudioConfig) -> Reason | None:
    try:
        samples = config.samples_in(packet)
    except ValueError:
        samples = 0
    if samples == 0:
        return Reason.BAD_PACKET
    if samples > MOST_PACKET_SAMPLES:
        return Reason.PACKET_TOO_LONG
    # A stereo encoder may send single packets in mono, but never the other way round.
    is_wrong = is_stereo(packet) and config.channels == 1
    return Reason.WRONG_CHANNELS if is_wrong else None


def _resampler(config: AudioConfig) -> Any:
    import soxr  # lazy: only those who send another rate need it

    return soxr.ResampleStream(
        config.rate, SAMPLE_RATE, config.channels, dtype="float32", quality="HQ"
    )


def _scaled(samples: Pcm16) -> Reals:
    reals = samples.astype(np.float32)
    reals /= _FULL_SCALE
    return reals


def _rounded(reals: Reals) -> Pcm16:
    """Return reals of shape (n, channels) as PCM16 of shape (channels, n). Overwrite the reals."""
    reals *= _FULL_SCALE
    np.rint(reals, out=reals)
    np.clip(reals, -_FULL_SCALE, _FULL_SCALE - 1, out=reals)
    samples = np.ascontiguousarray(reals.T, dtype=np.int16)
    reals.fill(0)
    return samples


_BY_BYTE = {AudioEncoding.MULAW: _scaled(MU_LAW), AudioEncoding.ALAW: _scaled(A_LAW)}
