"""Decodes Opus packets with libopus, which PyAV carries.

PyAV is an extra: it brings all of FFmpeg. Of the packages that carry libopus, it is the one that is
maintained for a wide use: aiortc decodes WebRTC with it.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_installed() -> bool:
    """Return whether PyAV, which Opus and sound files need, is installed: the extra `files`."""
    return find_spec("av") is not None


class OpusDecoder:
    """Decodes the packets of one stream, in order, at 48 kHz."""

    def __init__(self, channels: int) -> None:
        """Begin a stream.

        Raises:
            ImportError: if PyAV is not installed.

        """
        import av  # lazy: 30 MB and 0.1 s, which only a server with Opus clients spends

        self._packet = av.Packet
        self._error = av.FFmpegError
        self._context: Any = av.CodecContext.create("libopus", "r")
        self._context.layout = "mono" if channels == 1 else "stereo"
        self._context.sample_rate = 48_000
        self._context.open()
        self._channels = channels

    def decode(self, packet: bytes) -> NDArray[np.int16]:
        """Return the samples of a packet that is not empty, shape (n, channels), int16.

        Raises:
            ValueError: if it is no Opus packet.

        """
        try:
            frames = self._context.decode(self._packet(packet))
        except self._error:
            raise ValueError("this is no Opus packet") from None
        pieces = [frame.to_ndarray() for frame in frames]
        samples = np.concatenate([piece.reshape(-1, self._channels) for piece in pieces])
        for piece in pieces:  # NumPy keeps freed blocks below 1 kB until the next sweep
            piece.fill(0)
        return samples
