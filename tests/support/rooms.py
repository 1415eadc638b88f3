"""Speech in a bare room."""

import numpy as np

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE

RT60_SECONDS = 0.7
REFLECTIONS_FROM_SECONDS = 0.03


def reverberant(speech: Samples, seed: int) -> Samples:
    """Return speech with as much late reverberation as direct sound."""
    seconds = np.arange(round(RT60_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tail = np.random.default_rng(seed).standard_normal(len(seconds))
    tail *= 10 ** (-3 * seconds / RT60_SECONDS) * (seconds > REFLECTIONS_FROM_SECONDS)
    tail /= np.sqrt(np.sum(tail**2))
    return np.asarray(speech + np.convolve(speech, tail)[: len(speech)], np.float32)
