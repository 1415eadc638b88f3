"""What can be measured of a take without a model: arrays in, numbers out."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import HOP_SAMPLES, WINDOW_SAMPLES, Embeddings, Samples
from hwaja.speakers.voices import norms_of
from hwaja.vad.gate import mean_dbfs

_LEAST_SHARE = 0.25
"""Of a take that each of its two parts holds: who speaks less is not told."""
_LEAST_WINDOWS = 8
"""As many in each part: 1.6 s, below which the voice of one person differs by chance. A take that
is too short for two such parts cannot be told."""
_PLACES = 8
"""At which the voice may change, evenly spread, and `_MOST_CHANGES` of them at once."""
_MOST_CHANGES = 3
_APART_WINDOWS = math.ceil(WINDOW_SAMPLES / HOP_SAMPLES)
"""Nearer windows hear the same samples, so that they are alike whoever speaks."""
_LEAST_LIKENESS = 0.15
"""Of a part with itself: in less there is no voice to compare."""

_FULL_SCALE = 0.999
_QUIET_SHARE = 0.1


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


def agreement(windows: Embeddings) -> float:
    """Return how alike the two parts of a take are that are least so: 1 for one voice.

    The parts take turns: one, then the other, perhaps the first again, and the other again. Their
    mean cosine is divided by what it is inside of each, so that it says the same of short takes as
    of long ones, and of a hall as of a booth. More windows make it more certain, not lower.

    Args:
        windows: of the take, shape (n, dim), as of `VoiceTrack.windows`.

    Raises:
        ValueError: for one without direction.

    """
    units = (windows / norms_of(windows)).astype(np.float64)
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
    is_apart = (abs(numbers[:, None] - numbers) >= _APART_WINDOWS).astype(np.float64)
    pairs = _pair_sums(second, is_apart)
    own, across, other = _pair_sums(second, units @ units.T * is_apart) / np.maximum(pairs, 1)
    alone = np.maximum(own, _LEAST_LIKENESS) * np.maximum(other, _LEAST_LIKENESS)
    return float(np.clip(across / np.sqrt(alone), -1, 1).min(initial=1.0))


def _pair_sums(second: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of a table over pairs in the second part, across, and in the first.

    Args:
        second: 1 where a window is in the second part and 0 where not, shape (ways, n).
        table: of pairs of windows, shape (n, n), symmetric.

    Returns:
        Shape (3, ways).

    """
    rows = second @ table
    own = np.sum(rows * second, axis=1)
    across = rows.sum(axis=1) - own
    return np.stack([own, across, table.sum() - own - 2 * across])
