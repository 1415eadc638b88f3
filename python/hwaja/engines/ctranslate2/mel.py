"""Computes Whisper's input: a log-mel spectrogram (section 2.2 of its paper).

CTranslate2 takes the spectrogram, not the audio.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE

WINDOW_SAMPLES = 400
"""Window length, 25 ms."""

HOP_SAMPLES = 160
"""Distance of two frames, 10 ms."""

FRAMES_PER_SECOND = SAMPLE_RATE // HOP_SAMPLES

SILENCE_BELOW_PEAK = 2.0
"""Range below the loudest bin: 8 powers of ten, divided by 4. Quieter bins are raised to it."""

_QUIETEST = 1e-10  # minimum power, since log10(0) is infinite

# Slaney's mel scale (Auditory Toolbox, 1998): linear up to 1000 Hz, then 27 steps for each 6.4.
_LINEAR_HZ = 200 / 3
_LOG_FROM_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27

Mel = NDArray[np.float32]
"""Log-mel spectrogram, shape (mels, frames), float32, about -1.5 to 1.5."""


def log_mel(samples: Samples, mels: int) -> Mel:
    """Return the spectrogram of `samples` followed by silence.

    The middle of frame k is sample 160 k. The last frame is the last one whose window includes a
    sample.

    Args:
        samples: at least 201 samples, which is more than half a window.
        mels: number of mel bands, 80 or 128.

    """
    half = WINDOW_SAMPLES // 2
    frames = (len(samples) + half - 1) // HOP_SAMPLES + 1
    behind = np.zeros((frames - 1) * HOP_SAMPLES + half - len(samples), np.float32)
    padded = np.concatenate([samples[half:0:-1], samples, behind])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(windows * _window())
    power = spectrum.real**2 + spectrum.imag**2
    log = np.log10(np.maximum(_bands(mels) @ power.T, _QUIETEST))
    return np.asarray(np.maximum(log, log.max() - 4 * SILENCE_BELOW_PEAK) / 4 + 1, np.float32)


@cache
def _window() -> NDArray[np.float32]:
    """Return the periodic Hann window."""
    turns = np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


@cache
def _bands(mels: int) -> NDArray[np.float32]:
    """Return the weight of each bin in each band, shape (mels, 201): triangles of area 1."""
    edges = _hz(np.linspace(0, _mel(SAMPLE_RATE / 2), mels + 2))
    bins = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE)
    low, centre, high = (edges[k : k + mels, np.newaxis] for k in range(3))
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (high - low)).astype(np.float32)


def _mel(hz: float) -> float:
    return float(_LOG_FROM_HZ / _LINEAR_HZ + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = _LOG_FROM_HZ / _LINEAR_HZ
    curved = _LOG_FROM_HZ * np.exp(_LOG_STEP * np.maximum(mel - bend, 0))
    return np.where(mel < bend, mel * _LINEAR_HZ, curved)
