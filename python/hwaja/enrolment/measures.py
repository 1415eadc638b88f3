"""What can be measured of a take without a model: arrays in, numbers out."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwaja.engine import Samples
from hwaja.gate import FRAME_SAMPLES, SAMPLE_RATE, mean_dbfs

PART_SECONDS = 1.5
"""Speech in a part of a take that is compared with the others."""

PART_STEP_SECONDS = 0.75
MAX_PARTS = 9
"""More than this are spread wider: each costs about 30 ms of CPU."""

_FULL_SCALE = 0.999
_QUIET_SHARE = 0.1

_VOICE_DBFS = -50.0
_LOUD_RANGE_DB = 25.0
_VOICE_BAND_HZ = (100.0, 2600.0)
_UPPER_BAND_HZ = (3000.0, 7500.0)
_EMPTY_BAND_DB = 44.0
"""How far the upper band lies below the voice: 29 dB at most in 280 real takes, 37 dB at most in
the same as a telephone would carry them, 55 dB at least where they were sent at 44.1 or 48 kHz."""
_INTERLEAVED_RATIO = 0.5
"""0.85 at least in the same takes, 0 where one channel is sent as two."""


def snr_db(levels_dbfs: Sequence[float], speech_dbfs: float) -> float:
    """Return how far speech stands out of the quietest tenth of the frames of its take, in dB.

    Args:
        levels_dbfs: of every frame of the take, pauses and all.
        speech_dbfs: RMS over its speech, which holds the noise too.

    """
    quietest = sorted(levels_dbfs)[: max(1, round(_QUIET_SHARE * len(levels_dbfs)))]
    noise_power, both_power = (10 ** (x / 10) for x in (mean_dbfs(quietest), speech_dbfs))
    return 10 * math.log10(max(both_power / noise_power - 1, 1e-2))


def clipped_share(speech: Samples) -> float:
    """Return the share of samples, shape (n,), that are at full scale."""
    return float(np.mean(np.abs(speech) >= _FULL_SCALE))


def parts(samples: int) -> list[tuple[int, int]]:
    """Return where the parts of so many samples of speech begin and end: evenly spread."""
    length = round(PART_SECONDS * SAMPLE_RATE)
    if samples <= length:
        return [(0, samples)]
    count = min(MAX_PARTS, 1 + math.ceil((samples - length) / (PART_STEP_SECONDS * SAMPLE_RATE)))
    starts = np.linspace(0, samples - length, count).astype(int).tolist()
    return [(start, start + length) for start in starts]


def is_format_suspect(take: Samples) -> bool:
    """Return whether a take, shape (n,), sounds like 44.1 or 48 kHz, or two channels, sent as is.

    At 44.1 kHz and more, what a voice has up to 8 kHz ends below 3 kHz, and little follows. Two
    channels that alternate make every other step between samples small. What is too quiet for a
    voice may be hum, and is not suspected.
    """
    frames = take[: len(take) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    powers = np.mean(frames.astype(np.float64) ** 2, axis=1)
    if not len(frames) or np.percentile(powers, 90) < 10 ** (_VOICE_DBFS / 10):
        return False
    steps = np.mean(np.diff(frames, axis=1) ** 2, axis=0)
    pair = steps[0::2].sum(), steps[1::2].sum()
    if min(pair) < _INTERLEAVED_RATIO * max(pair):
        return True
    loud = frames[powers >= np.percentile(powers, 90) * 10 ** (-_LOUD_RANGE_DB / 10)]
    spectrum = np.mean(np.abs(np.fft.rfft(loud * np.hanning(FRAME_SAMPLES), axis=1)) ** 2, axis=0)
    low, high = (_band(spectrum, *band) for band in (_VOICE_BAND_HZ, _UPPER_BAND_HZ))
    return high < low * 10 ** (-_EMPTY_BAND_DB / 10)


def _band(spectrum: NDArray[np.float64], low_hz: float, high_hz: float) -> float:
    bins = slice(*(round(hz * FRAME_SAMPLES / SAMPLE_RATE) for hz in (low_hz, high_hz)))
    return float(spectrum[bins].sum())
