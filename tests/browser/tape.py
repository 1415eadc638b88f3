"""What the browser's microphone hears."""

import wave
from pathlib import Path

import numpy as np
import soxr

import clips
from hwaja.audio import to_pcm16
from hwaja.engine import Samples
from hwaja.gate import SAMPLE_RATE

HISS_RMS = 20.0
"""Of a quiet room, in units of PCM16: -64 dBFS. No microphone is digitally silent."""


class Tape:
    """Played from its beginning each time that a page opens the microphone, and then silent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record(bytes(2 * SAMPLE_RATE))

    def record(self, pcm: bytes, rate: int = SAMPLE_RATE) -> Samples:
        """Put something else on it, for who opens the microphone from now on.

        Args:
            pcm: PCM16 at 16 kHz.
            rate: what the microphone is to record at, in samples a second.

        Returns:
            What is heard, hiss and all, at 16 kHz, shape (n,), from -1 to 1.

        """
        heard = clips.samples(pcm)
        heard += np.random.default_rng(0).normal(0, HISS_RMS / 32768, len(heard)).astype("f4")
        recorded = soxr.resample(heard, SAMPLE_RATE, rate)
        with wave.open(str(self.path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(to_pcm16(recorded))
        return heard
