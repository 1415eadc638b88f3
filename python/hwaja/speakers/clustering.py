"""Groups embeddings by voice, without knowing the voices.

Agglomerative clustering: the two groups that are likeliest of one voice are joined, again and
again, until no two are likely to be. A group is compared by the mean of its embeddings.

The cosine of two pieces of one voice depends on how much speech each has. So the threshold is the
product of two reliabilities, one for each length. It was chosen on the choosing half of the speech
(`hwaja_bench.speech.people`), clean and in rooms at 20 and 10 dB. The cosine itself is compared,
not the score of `voices.Cohort`: between unknown voices, the same threshold of the cosine fits
Korean and English, and that of the score does not (bench/RESULTS.md).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hwaja.speakers.voices import Rows, norms_of

Floats = NDArray[np.float64]

_RELIABILITY, _PER_OCTAVE = 0.636, 0.06
"""Reliability of 1 s of speech, and what twice the speech adds."""

_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.5, 16.0
"""Range of lengths in which the reliability was fitted. Outside of it, it stays constant."""

ODDS_PER_COSINE = 40.0
"""Natural log-odds for a difference of 1 in the cosine; compare `parts.evidence_per_score`."""


def thresholds(seconds: Floats, other_seconds: float) -> Floats:
    """Return the cosines at which pieces are as likely of one voice as of two, shape (n,)."""
    found: Floats = reliability(seconds) * reliability(np.array(other_seconds))
    return found


def reliability(seconds: Floats) -> Floats:
    """Return how near an embedding of so much speech is to the voice, as a cosine."""
    octaves = np.log2(np.clip(seconds, _SHORTEST_SECONDS, _LONGEST_SECONDS))
    found: Floats = _RELIABILITY + _PER_OCTAVE * octaves
    return found


def groups_of(
    rows: Rows,
    seconds: Floats,
    prior: Callable[[Floats], Floats],
    apart: int = 0,
    most: int | None = None,
) -> list[int]:
    """Return the group of each embedding: the index of the group's first one.

    Args:
        rows: embeddings, shape (n, dim).
        seconds: the speech in each, shape (n,).
        prior: natural log-odds that two groups are of one voice before they are compared, by the
            seconds of the shorter one.
        apart: so many of the first embeddings are of different voices.
        most: the most groups; `apart` or more.

    Raises:
        ValueError: for an embedding without direction.

    """
    sums = np.asarray(rows / norms_of(rows) * seconds[:, None], np.float64)
    seconds = seconds.astype(np.float64)  # a copy
    groups = np.arange(len(rows))
    is_first = np.ones(len(rows), bool)

    def odds_of(one: int) -> Floats:
        lengths = np.linalg.norm(sums, axis=1)
        cosines = sums @ sums[one] / (lengths * lengths[one])
        odds: Floats = ODDS_PER_COSINE * (cosines - thresholds(seconds, seconds[one]))
        odds += prior(np.minimum(seconds, seconds[one]))
        odds[~is_first] = -np.inf
        odds[one] = -np.inf
        if one < apart:
            odds[:apart] = -np.inf
        return odds

    odds = np.array([odds_of(one) for one in range(len(rows))])
    while True:
        one, other = sorted(divmod(int(odds.argmax()), len(rows)))
        is_alike = odds[one, other] > 0 or (most is not None and is_first.sum() > most)
        if not is_alike or odds[one, other] == -np.inf:
            break
        sums[one] += sums[other]
        seconds[one] += seconds[other]
        is_first[other] = False
        groups[groups == other] = one
        odds[other, :] = odds[:, other] = -np.inf
        odds[one] = odds[:, one] = odds_of(one)
    sums.fill(0)
    return [int(group) for group in groups]
