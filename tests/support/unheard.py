"""Embeddings of people whom nobody enrolled, made of random numbers."""

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, VoiceTrack
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.parts import Part

DIM = 64
HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE

Rows = NDArray[np.float32]


class Talkers:
    """People with voices at right angles, and the utterances that they speak one after the other.

    The windows of one voice have a cosine of 0.5 to each other, as those of speech have.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self.stop = 0

    def windows(self, person: int, seconds: float, likeness: float = 0.7) -> Rows:
        """Return windows of `seconds`, with the cosine `likeness` to the person's voice."""
        noise = self._random.standard_normal((round(seconds / HOP_SECONDS), DIM))
        noise[:, :8] = 0
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        return np.asarray(
            likeness * np.eye(DIM)[person] + np.sqrt(1 - likeness**2) * noise, np.float32
        )

    def say(self, *turns: tuple[int, float]) -> tuple[VoiceTrack, Part]:
        """Return an utterance with turns of (person, seconds)."""
        return self.utterance(np.concatenate([self.windows(*turn) for turn in turns]))

    def utterance(self, windows: Rows) -> tuple[VoiceTrack, Part]:
        """Return the embeddings of an utterance, and the utterance as one part without scores."""
        start, samples = self.stop + SAMPLE_RATE, len(windows) * HOP_SAMPLES
        self.stop = start + samples
        track = VoiceTrack(windows.mean(axis=0), windows, np.zeros(len(windows), np.float32))
        return track, Part(start, self.stop, (), samples / SAMPLE_RATE)
