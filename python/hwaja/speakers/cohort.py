"""Other people's voices, to tell how much a likeness means.

A voice that is like everybody's, or was enrolled in noise, has other cosines than a clear one. So a
cosine is judged against those to the nearest voices of a cohort: the adaptive symmetric
normalisation of Matejka et al., "Analysis of Score Normalization in Multilingual Speaker
Recognition", Interspeech 2017, without its division by the deviation. The cohort is English read
speech; in Korean that deviation is half as wide, and dividing by it made the same score mean
another thing in each language (bench/RESULTS.md).
"""

from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

NEAREST = 30
"""Voices of the cohort that count, the nearest: 1 in 10. Between 20 and 100 nothing changes."""

Rows = NDArray[np.float32]
"""Unit vectors, shape (n, dim), float32."""


class Cohort:
    """Voices of people who are not in the conversation."""

    def __init__(self, voices: Rows) -> None:
        """Take `voices`.

        Raises:
            ValueError: where there are fewer than `NEAREST`.

        """
        if len(voices) < NEAREST:
            raise ValueError(f"a cohort has at least {NEAREST} voices")
        self._voices = voices

    @classmethod
    def shipped(cls) -> "Cohort":
        """Return the one beside this file: see cohort.md for where it comes from."""
        data = files(__package__).joinpath("cohort.npy").read_bytes()
        return cls(np.load(BytesIO(data), allow_pickle=False).astype(np.float32))

    def nearness(self, rows: Rows) -> NDArray[np.float32]:
        """Return the mean cosine of each row to the voices nearest to it, shape (n,)."""
        cosines = rows @ self._voices.T
        nearest = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]
        return np.asarray(nearest.mean(axis=1), np.float32)
