"""What can be measured of a take without a model: arrays in, numbers out."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hwaja.attribution.voices import norms_of
from hwaja.engine import HOP_SAMPLES, WINDOW_SAMPLES, Embeddings, Samples
from hwaja.gate import mean_dbfs

_LEAST_SHARE = 0.25
"""Of a take that each of its two parts holds: who speaks less is not told."""
_LEAST_WINDOWS = 8
"""As many in each part: 1.6 s, below which the voice of one person differs by chance. A take that
is too short for two such parts cannot be told."""
_MOST_EDGES = 16
"""Places at which a part may begin or end, evenly spread."""
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

    One part is a stretch, the other is what lies before and behind it. Their mean cosine is
    divided by what it is inside of each, so that it says the same of short takes as of long ones,
    and of a hall as of a booth. More windows make it more certain, not lower.

    Args:
        windows: of the take, shape (n, dim), as of `VoiceTrack.windows`.

    Raises:
        ValueError: for one without direction.

    """
    units = (windows / norms_of(windows)).astype(np.float64)
    count = len(units)
    numbers = np.arange(count)
    edges = np.linspace(0, count, min(count, _MOST_EDGES) + 1).astype(int).tolist()
    stretches = [(numbers >= start) & (numbers < stop) for start, stop in combinations(edges, 2)]
    sizes = np.sum(stretches, axis=1)
    least = max(_LEAST_WINDOWS, _LEAST_SHARE * count)
    inside = np.array(stretches, np.float64)[np.minimum(sizes, count - sizes) >= least]
    is_apart = (abs(numbers[:, None] - numbers) >= _APART_WINDOWS).astype(np.float64)
    pairs = _pair_sums(inside, is_apart)
    own, across, other = _pair_sums(inside, units @ units.T * is_apart) / np.maximum(pairs, 1)
    alone = np.maximum(own, _LEAST_LIKENESS) * np.maximum(other, _LEAST_LIKENESS)
    return float(np.clip(across / np.sqrt(alone), -1, 1).min(initial=1.0))


def _pair_sums(inside: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of a table, shape (n, n), over pairs inside, across and outside.

    Args:
        inside: 1 where a window is in the stretch and 0 where not, shape (stretches, n).
        table: of pairs of windows, symmetric.

    Returns:
        Shape (3, stretches).

    """
    rows = inside @ table
    own = np.sum(rows * inside, axis=1)
    across = rows.sum(axis=1) - own
    return np.stack([own, across, table.sum() - own - 2 * across])
