"""Looks whether the first sound of a transcription is PCM16, mono, of 16 kHz."""

import numpy as np

from hwaja.protocol.codes import AudioFormat
from hwaja.vad.audio_format import EXAMINED_SAMPLES, is_loud, suspected_format

MOST_LOOKS = 10
"""At 2 s of sound each: who has been heard for so long sends what is wanted, or cannot be told."""


class FormatWatch:
    """Names the format that a transcription seems to be sent in, at most once."""

    def __init__(self) -> None:
        self._words = np.zeros(EXAMINED_SAMPLES, np.int16)
        self._filled = 0
        self._looks = 0

    def begin(self) -> None:
        """Forget what was heard, and look at what comes."""
        self.forget()
        self._looks = MOST_LOOKS

    def hear(self, pcm: memoryview) -> AudioFormat | None:
        """Take the next audio, whole words; return the format that it seems to be in, if any."""
        words = np.frombuffer(pcm, "<i2")
        while self._looks and len(words):
            taken = words[: EXAMINED_SAMPLES - self._filled]
            self._words[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            words = words[len(taken) :]
            if self._filled == EXAMINED_SAMPLES:
                found = self._look()
                if found is not None:
                    self._looks = 0
                    return found
        return None

    def forget(self) -> None:
        """Overwrite what was heard; nothing more is looked at."""
        self._words.fill(0)
        self._filled = self._looks = 0

    def _look(self) -> AudioFormat | None:
        found = suspected_format(self._words)
        self._looks -= is_loud(self._words)
        self._words.fill(0)
        self._filled = 0
        return found
