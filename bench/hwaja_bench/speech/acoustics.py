"""Generates noise and room reverberation."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, welch

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.levels import SPEECH_DBFS, amplitude

RT60_SECONDS = (0.2, 0.6)
"""Range of reverberation times: from a furnished room to a bare one."""

DIRECT_TO_REVERBERANT_DB = (3.0, 10.0)
"""Range of direct-to-reverberant ratios: microphone at arm's length to the end of a table."""

LOWEST_HERTZ = 50.0
"""Lower cutoff of noise: pink noise would have most of its power below microphones' range."""

_REFLECTIONS_FROM_SECONDS = 0.0025  # as in ISO 3382's ratio of early to direct energy

Signal = NDArray[np.float64]


def disturbed(speech: Signal, snr_db: float, random: np.random.Generator) -> Signal:
    """Return speech at SPEECH_DBFS in a random room, with noise."""
    response = impulse_response(random.uniform(*RT60_SECONDS), random)
    spectrum = noise_spectrum(speech, random)
    quiet = amplitude(SPEECH_DBFS - snr_db) * noise(spectrum, len(speech), random)
    return reverberant(speech, response) + quiet


def impulse_response(
    rt60_seconds: float, random: np.random.Generator, direct_db: float | None = None
) -> Signal:
    """Return an impulse response: direct sound of amplitude 1, then noise that decays by 60 dB.

    Args:
        rt60_seconds: time of the decay.
        random: generator of the noise.
        direct_db: direct-to-reverberant ratio; None: random.

    """
    seconds = np.arange(round(rt60_seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = random.standard_normal(len(seconds)) * 10 ** (-3 * seconds / rt60_seconds)
    tail[: round(_REFLECTIONS_FROM_SECONDS * SAMPLE_RATE)] = 0
    if direct_db is None:
        direct_db = random.uniform(*DIRECT_TO_REVERBERANT_DB)
    tail *= amplitude(-direct_db) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return np.asarray(tail)


def reverberant(speech: Signal, response: Signal) -> Signal:
    """Return speech with a room's reverberation; its length is unchanged."""
    return np.asarray(fftconvolve(speech, response)[: len(speech)])


def noise_spectrum(speech: Signal, random: np.random.Generator) -> Signal:
    """Return the power of 257 bands, of pink noise or of speech-shaped noise."""
    hertz, power = welch(speech, SAMPLE_RATE, nperseg=512)
    if random.integers(2):
        power = 1 / np.maximum(hertz, LOWEST_HERTZ)
    return np.asarray(np.where(hertz < LOWEST_HERTZ, 0, power))


def noise(spectrum: Signal, count: int, random: np.random.Generator) -> Signal:
    """Return `count` samples of noise with RMS 1.

    Args:
        spectrum: power of evenly spaced bands from 0 Hz to 8 kHz, shape (n,).
        count: number of samples.
        random: generator of the phases.

    """
    bands = np.linspace(0, 1, count // 2 + 1)
    magnitude = np.sqrt(np.interp(bands, np.linspace(0, 1, len(spectrum)), spectrum))
    phases = np.exp(2j * np.pi * random.random(len(bands)))
    samples = np.fft.irfft(magnitude * phases, count)
    return np.asarray(samples / np.sqrt(np.mean(samples**2)))
