"""The enrolled voices, and how like them a piece of speech is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwaja.attribution.cohort import Cohort, Rows
from hwaja.engine import Embedding


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like the enrolled voices some pieces of speech are; shapes (pieces, voices), float32."""

    cosines: NDArray[np.float32]
    scores: NDArray[np.float32]
    """The cosines less what is to be expected of these voices and of this piece; see `cohort`."""


class Voices:
    """The enrolled voices of one session."""

    def __init__(self, cohort: Cohort) -> None:
        """Take no voices yet; judge likeness against `cohort`."""
        self._cohort = cohort
        self._centroids: dict[int, Embedding] = {}

    @property
    def speaker_ids(self) -> tuple[int, ...]:
        """Whose voices are known, ascending: the order of every row of scores."""
        return tuple(sorted(self._centroids))

    def enrol(self, speaker_id: int, embedding: Embedding) -> None:
        """Keep `embedding`, shape (dim,), as the voice of `speaker_id`, replacing an earlier one.

        Raises:
            ValueError: for an embedding without direction (zero or not finite); the voices are
                unchanged.

        """
        unit = _units(embedding[None])[0]
        self._forget(speaker_id)
        self._centroids[speaker_id] = unit

    def likeness(self, embeddings: NDArray[np.float32]) -> Likeness:
        """Return how like each voice each of `embeddings`, shape (pieces, dim), is.

        Raises:
            ValueError: for an embedding without direction, or when no voice is enrolled.

        """
        if not self._centroids:
            raise ValueError("no voice is enrolled")
        units = _units(embeddings)
        enrolled = np.stack([self._centroids[k] for k in self.speaker_ids])
        cosines = np.clip(units @ enrolled.T, -1, 1)  # rounding takes some just past 1
        of_pieces = self._cohort.nearness(units)[:, None]
        of_voices = self._cohort.nearness(enrolled)[None, :]
        units.fill(0)
        enrolled.fill(0)
        return Likeness(cosines, cosines - (of_pieces + of_voices) / 2)

    def forget(self) -> None:
        """Overwrite and drop every voice."""
        for speaker_id in self.speaker_ids:
            self._forget(speaker_id)

    def _forget(self, speaker_id: int) -> None:
        centroid = self._centroids.pop(speaker_id, None)
        if centroid is not None:
            centroid.fill(0)


def _units(embeddings: Rows) -> Rows:
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not norms.all():
        raise ValueError("the embedding has no direction")
    units: Rows = (embeddings / norms).astype(np.float32)
    return units
