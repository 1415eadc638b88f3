"""Measurements of a take without a model: signal-to-noise ratio, clipping, agreement of parts."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES, Embeddings, Pcm16
from hwaja.speakers.voices import norms_of
from hwaja.vad.gate import mean_dbfs

_LEAST_SHARE = 0.25
"""Least share of a take in each of its two parts. A second voice with less is not detected."""
_LEAST_WINDOWS = 8
"""Least number of windows in each part: 1.6 s. In shorter parts, one person's voice differs by
chance. A take too short for two such parts is not checked."""
_PLACES = 8
"""Number of evenly spaced places at which the voice may change, at most `_MOST_CHANGES` at once."""
_MOST_CHANGES = 3
_APART_WINDOWS = math.ceil(WINDOW_SAMPLES / HOP_SAMPLES)
"""Least distance between compared windows. Nearer windows share samples, so they are always
alike."""
_LEAST_LIKENESS = 0.15
"""Least likeness of a part with itself. A part below it has no voice to compare."""

_LEAST_TRUST = 0.01
"""Least norm of a window's embedding, as a share of the largest one. It keeps the sums exact."""
_SETTLED_WINDOWS = 32
"""Number of windows, 5 s, from which on the parts of one person's take hardly differ by chance."""

_STEP_SAMPLES = 160
_FULL_SCALE = math.ceil(0.999 * 32768)
_QUIET_SHARE = 0.1


def snr_db(levels_dbfs: Sequence[float], speech_dbfs: float) -> float:
    """Return the signal-to-noise ratio of a take, in dB. The quietest tenth of frames is the noise.

    Args:
        levels_dbfs: level of every frame of the take, pauses included.
        speech_dbfs: RMS level of the speech, noise included.

    """
    quietest = sorted(levels_dbfs)[: max(1, round(_QUIET_SHARE * len(levels_dbfs)))]
    noise_power, both_power = (10 ** (x / 10) for x in (mean_dbfs(quietest), speech_dbfs))
    return 10 * math.log10(max(both_power / noise_power - 1, 1e-2))


def clipped_share(speech: Pcm16) -> float:
    """Return the share of samples at full scale, in [0, 1]."""
    return float(np.mean((speech >= _FULL_SCALE) | (speech <= -_FULL_SCALE)))


def loudest(speech: Pcm16, samples: int) -> Pcm16:
    """Return so many samples of speech where it is loudest, as new memory.

    Less speech is repeated.
    """
    if len(speech) <= samples:
        return np.resize(speech, samples)
    powers = np.add.accumulate(np.square(speech, dtype=np.float64))
    starts = np.arange(0, len(speech) - samples, _STEP_SAMPLES)
    sums = powers[starts + samples] - powers[starts]
    powers.fill(0)
    start = int(starts[sums.argmax()])
    return speech[start : start + samples].copy()


def agreement(windows: Embeddings) -> float:
    """Return the likeness of the two least alike parts of a take, in [-1, 1]; 1 for one voice.

    The take is divided in two at up to three places, and the parts alternate. The mean cosine
    across the parts is divided by the mean cosine inside them. So the result has the same meaning
    for a hall and a booth. In a short take, the parts also differ by chance, by the inverse square
    root of the number of windows. That much of the difference is left out.

    A window counts by the square of its embedding's norm: windows of noise or of a pause have a
    small one.

    Args:
        windows: embeddings of the take's windows, shape (n, dim), as in `VoiceTrack.windows`.

    Raises:
        ValueError: for an embedding without direction (zero or not finite).

    """
    norms = norms_of(windows).astype(np.float64)
    units = windows / norms
    count = len(units)
    if count < 2 * _LEAST_WINDOWS:
        return 1.0
    numbers = np.arange(count)
    places = np.linspace(0, count, _PLACES + 2).astype(int)[1:-1].tolist()
    changes = [at for k in range(_MOST_CHANGES) for at in combinations(places, k + 1)]
    second = np.array([np.searchsorted(at, numbers, "right") % 2 for at in changes], np.float64)
    sizes = second.sum(axis=1)
    least = max(_LEAST_WINDOWS, _LEAST_SHARE * count)
    second = second[np.minimum(sizes, count - sizes) >= least]
    is_apart = abs(numbers[:, None] - numbers) >= _APART_WINDOWS
    trust = np.maximum(norms / norms.max(), _LEAST_TRUST) ** 2
    weights = trust @ trust.T * is_apart
    weighted = _pair_sums(second, units @ units.T * weights)
    own, across, other = weighted / _pair_sums(second, weights)
    alone = np.maximum(own, _LEAST_LIKENESS) * np.maximum(other, _LEAST_LIKENESS)
    least_alike = float(np.clip(across / np.sqrt(alone), -1, 1).min(initial=1.0))
    return 1 - (1 - least_alike) * math.sqrt(min(1.0, count / _SETTLED_WINDOWS))


def _pair_sums(second: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of a table over the pairs in the second part, across, and in the first.

    Args:
        second: 1 if a window is in the second part, else 0; shape (ways, n).
        table: one value per pair of windows, shape (n, n), symmetric.

    Returns:
        Shape (3, ways).

    """
    rows = second @ table
    own = np.sum(rows * second, axis=1)
    across = rows.sum(axis=1) - own
    return np.stack([own, across, table.sum() - own - 2 * across])
