"""The takes that the enrolled voices of one session are made of."""

from dataclasses import dataclass

import numpy as np

from hwaja.engines.interface import Embedding
from hwaja.speakers.voices import norms_of


@dataclass(frozen=True, slots=True)
class Pooled:
    """The takes of one speaker as one voice."""

    voice: Embedding
    """Mean of their directions, weighted by how long they speak; not normalised."""
    speech_seconds: float
    takes: int


class Takes:
    """What each speaker's voice was made of, so that another take can be added to it."""

    def __init__(self) -> None:
        self._pooled: dict[int, Pooled] = {}

    def of(self, speaker_id: int) -> Pooled | None:
        """Return the takes of a speaker; None before the first."""
        return self._pooled.get(speaker_id)

    def others(self, speaker_id: int) -> list[Embedding]:
        """Return the voices of all other speakers."""
        return [pooled.voice for other, pooled in self._pooled.items() if other != speaker_id]

    def keep(self, speaker_id: int, pooled: Pooled) -> None:
        """Put a voice in the place of what a speaker had, which is overwritten."""
        earlier = self._pooled.get(speaker_id)
        if earlier is not None:
            earlier.voice.fill(0)
        self._pooled[speaker_id] = pooled

    def forget(self) -> None:
        """Overwrite and drop every voice."""
        for pooled in self._pooled.values():
            pooled.voice.fill(0)
        self._pooled.clear()


def pool(earlier: Pooled | None, embedding: Embedding, speech_seconds: float) -> Pooled:
    """Return a new take, shape (dim,), together with the earlier ones.

    Raises:
        ValueError: for an embedding without direction (zero or not finite).

    """
    unit = embedding / _norm(embedding)
    if earlier is None:
        return Pooled(unit, speech_seconds, 1)
    seconds = earlier.speech_seconds + speech_seconds
    unit *= speech_seconds / seconds
    unit += earlier.voice * (earlier.speech_seconds / seconds)
    return Pooled(unit, seconds, earlier.takes + 1)


def cosine(one: Embedding, other: Embedding) -> float:
    """Return the cosine of two embeddings, in [-1, 1].

    Raises:
        ValueError: where one has no direction.

    """
    # Rounding takes it just past 1.
    return float(np.clip(one @ other / (_norm(one) * _norm(other)), -1, 1))


def _norm(embedding: Embedding) -> float:
    return float(norms_of(embedding[None])[0, 0])
