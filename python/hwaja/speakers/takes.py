"""A voice that is made of one take or more."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Embedding, Embeddings


@dataclass(frozen=True, slots=True)
class Pooled:
    """The takes of one speaker as one voice."""

    voice: Embedding
    """Mean of their directions, weighted by how long they speak; not normalised."""
    speech_seconds: float
    takes: int


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


def norms_of(embeddings: Embeddings) -> NDArray[np.float32]:
    """Return the length of each embedding, shape (n, 1).

    Raises:
        ValueError: for one without direction (zero or not finite).

    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not norms.all():
        raise ValueError("the embedding has no direction")
    return np.asarray(norms, np.float32)
