"""Removes the late reverberation of a room from an utterance, by weighted prediction error (WPE).

Each band of the spectrum is predicted from its own past, more than `DELAY_FRAMES` ago. What can be
predicted is reverberation, and is subtracted: speech itself changes faster. The prediction is
fitted to the utterance, with less weight where the speech is loud (Nakatani et al., "Speech
Dereverberation Based on Variance-Normalized Delayed Linear Prediction", 2010).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hwaja.engines.interface import Samples

WINDOW_SAMPLES = 512
"""Length of a frame, 32 ms."""

STEP_SAMPLES = 128
"""Distance of two frames, 8 ms."""

DELAY_FRAMES = 3
"""Distance to the past that predicts, 24 ms: the nearer past holds the speech itself."""

TAPS = 20
"""Frames that predict, 160 ms. Ten gave more errors, a delay of two as well (bench/RESULTS.md)."""

ITERATIONS = 2
"""Times that the prediction is fitted; the weights follow from the speech of the time before."""

_RIDGE = 1e-4
"""Share of the mean power that is added to the diagonal, so that the equations can be solved."""

_QUIETEST_SHARE = 1e-6
"""Least power of a weight, as a share of the mean power of the utterance: -60 dB."""

_SILENCE = 1e-12
"""Power below that of any audio, so that digital silence is not divided by zero."""

_Band = NDArray[np.complex128]
_WINDOW = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
_OVERLAP = WINDOW_SAMPLES / STEP_SAMPLES * 3 / 8
"""Sum of the squared windows over each sample."""


def without_reverberation(samples: Samples) -> Samples:
    """Return audio without late reverberation, as new memory of the same length.

    It takes 0.03 s of processor time for each second of audio.

    Args:
        samples: an utterance, shape (n,), float32. It is not changed.

    """
    edge = WINDOW_SAMPLES - STEP_SAMPLES
    padded = np.pad(samples, (edge, edge + -len(samples) % STEP_SAMPLES))
    frames = sliding_window_view(padded, WINDOW_SAMPLES)[::STEP_SAMPLES] * _WINDOW
    spectrum = np.fft.rfft(frames).T.copy()
    least = _QUIETEST_SHARE * float(np.mean(np.abs(spectrum) ** 2)) + _SILENCE
    for band in spectrum:
        _dereverberate(band, least)
    frames[:] = np.fft.irfft(spectrum.T, WINDOW_SAMPLES) * _WINDOW
    padded.fill(0)
    for k, frame in enumerate(frames):
        padded[k * STEP_SAMPLES : k * STEP_SAMPLES + WINDOW_SAMPLES] += frame / _OVERLAP
    result = padded[edge : edge + len(samples)].copy()
    for each in (padded, frames, spectrum):
        each.fill(0)
    return result


def _dereverberate(band: _Band, least: float) -> None:
    """Subtract from a band what its past predicts.

    Args:
        band: the values of a band, one for each frame; changed in place.
        least: least power of a weight.

    """
    before = np.concatenate([np.zeros(DELAY_FRAMES + TAPS - 1), band])
    past = sliding_window_view(before, TAPS)[: len(band)]
    heard = before[DELAY_FRAMES + TAPS - 1 :]
    for _ in range(ITERATIONS):
        weighted = past.conj().T / np.maximum(_smooth(np.abs(band) ** 2), least)
        power = weighted @ past
        ridge = _RIDGE * np.trace(power).real / TAPS + _SILENCE
        taps = np.linalg.solve(power + ridge * np.eye(TAPS), weighted @ heard)
        band[:] = heard - past @ taps
    before.fill(0)


def _smooth(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each value and its two neighbours."""
    return np.convolve(power, np.full(3, 1 / 3), mode="same")
