"""The audio of the browser's microphone."""

import wave
from pathlib import Path

import clips
import numpy as np
import soxr

from hwaja.client.sound_files import to_pcm16
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE

HISS_RMS = 20.0
"""Of a quiet room, in units of PCM16: -64 dBFS. No microphone is digitally silent."""


QUIET_SECONDS = 120
"""Of the same behind what is recorded: after its end Chromium's false microphone brings zeros."""


class Tape:
    """Played from its beginning each time that a page opens the microphone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record(bytes(2 * SAMPLE_RATE))

    def record(self, pcm: bytes, rate: int = SAMPLE_RATE, *, hisses: bool = True) -> Samples:
        """Replace the audio for every page that opens the microphone from now on.

        Args:
            pcm: PCM16 at 16 kHz.
            rate: what the microphone is to record at, in samples a second.
            hisses: whether noise of room and microphone is added, also after the end.

        Returns:
            The audio with its noise at 16 kHz, shape (n,), from -1 to 1.

        """
        said = clips.samples(pcm)
        rms = HISS_RMS / 32768 if hisses else 0
        samples = len(said) + QUIET_SECONDS * SAMPLE_RATE
        heard = np.random.default_rng(0).normal(0, rms, samples).astype("f4")
        heard[: len(said)] += said
        recorded = soxr.resample(heard, SAMPLE_RATE, rate)
        with wave.open(str(self.path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(to_pcm16(recorded))
        return heard[: len(said)]
