"""The enrolled voices, and how like them a piece of speech is."""

from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Embedding, Embeddings

NEAREST = 30
"""Voices of the cohort that count, the nearest: 1 in 10. Between 20 and 100 nothing changes."""

Rows = NDArray[np.float32]
"""Unit vectors, shape (n, dim), float32."""


class Cohort:
    """Voices of people who are not in the conversation, to tell how much a likeness means.

    A voice that is like everybody's, or was enrolled in noise, has other cosines than a clear one.
    So a cosine is judged against those to the nearest voices of a cohort: the adaptive symmetric
    normalisation of Matejka et al., "Analysis of Score Normalization in Multilingual Speaker
    Recognition", Interspeech 2017, without its division by the deviation. The cohort is English
    read speech; in Korean that deviation is half as wide, and dividing by it made the same score
    mean another thing in each language (bench/RESULTS.md).
    """

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


LEARNABLE_COSINE = 0.5
"""Of less, an embedding is not learned from: the same voice has 0.6 to 0.8 at 3 s."""

LEARNED_SECONDS = 30.0
"""Speech from which on what was learned counts as much as what was enrolled."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like the enrolled voices some pieces of speech are; shapes (pieces, voices), float32."""

    cosines: NDArray[np.float32]
    scores: NDArray[np.float32]
    """The cosines less what is to be expected of these voices and of this piece; see `Cohort`."""


class Voices:
    """The enrolled voices of one session."""

    def __init__(self, cohort: Cohort) -> None:
        """Take no voices yet; judge likeness against `cohort`."""
        self._cohort = cohort
        self._enrolled: dict[int, Pooled] = {}
        self._learned: dict[int, Embedding] = {}
        self._nearness: dict[int, float] = {}  # of each voice as it is now to the cohort

    @property
    def speaker_ids(self) -> tuple[int, ...]:
        """Whose voices are known, ascending: the order of every row of scores."""
        return tuple(sorted(self._enrolled))

    def enrol(self, speaker_id: int, pooled: Pooled) -> None:
        """Keep a voice, replacing an earlier one of this speaker, which is overwritten.

        Raises:
            ValueError: for a voice without direction (zero or not finite); nothing is changed.

        """
        norms_of(pooled.voice[None])
        self._forget(speaker_id)
        self._enrolled[speaker_id] = pooled
        self._settle(speaker_id)

    def of(self, speaker_id: int) -> Pooled | None:
        """Return what a speaker enrolled; None before the first take."""
        return self._enrolled.get(speaker_id)

    def others(self, speaker_id: int) -> list[Embedding]:
        """Return what all other speakers enrolled, not normalised."""
        return [pooled.voice for other, pooled in self._enrolled.items() if other != speaker_id]

    def learn(self, speaker_id: int, embedding: Embedding, seconds: float) -> None:
        """Move an enrolled voice towards `embedding`, of `seconds` of its speech.

        It never moves further than half-way to the mean of what it learned, and not at all towards
        what is not like it. `unlearn` takes everything back.

        Raises:
            ValueError: for an embedding without direction, or a voice that is not enrolled.

        """
        if speaker_id not in self._enrolled:
            raise ValueError("this voice is not enrolled")
        unit = _units(embedding[None])[0]
        if unit @ self._unit(speaker_id) < LEARNABLE_COSINE:
            return
        learned = self._learned.setdefault(speaker_id, np.zeros_like(unit))
        learned += unit * seconds / LEARNED_SECONDS
        self._settle(speaker_id)

    def unlearn(self) -> None:
        """Go back to the voices as they were enrolled."""
        for learned in self._learned.values():
            learned.fill(0)
        self._learned.clear()
        for speaker_id in self._enrolled:
            self._settle(speaker_id)

    def likeness(self, embeddings: NDArray[np.float32]) -> Likeness:
        """Return how like each voice each of `embeddings`, shape (pieces, dim), is.

        Raises:
            ValueError: for an embedding without direction, or when no voice is enrolled.

        """
        units = _units(embeddings)
        cosines, leanings = self._compare(units)
        of_pieces = self._cohort.nearness(units)[:, None]
        units.fill(0)
        return Likeness(cosines, np.asarray(leanings - of_pieces / 2, np.float32))

    def leanings(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores of `embeddings` but for what is the same for every voice.

        They tell a voice from another, as scores do, at a fraction of the cost.

        Raises:
            ValueError: as `likeness`.

        """
        units = _units(embeddings)
        _, leanings = self._compare(units)
        units.fill(0)
        return leanings

    def forget(self) -> None:
        """Overwrite and drop every voice."""
        for speaker_id in self.speaker_ids:
            self._forget(speaker_id)

    def _compare(self, units: Rows) -> tuple[Rows, Rows]:
        """Return the cosines to each voice, and these less what is to be expected of the voice."""
        if not self._enrolled:
            raise ValueError("no voice is enrolled")
        enrolled = np.stack([self._present(k) for k in self.speaker_ids])
        cosines = np.clip(units @ enrolled.T, -1, 1)  # rounding takes some just past 1
        enrolled.fill(0)
        of_voices = np.array([self._nearness[k] for k in self.speaker_ids], np.float32)
        leanings: Rows = cosines - of_voices / 2
        return cosines, leanings

    def _settle(self, speaker_id: int) -> None:
        self._nearness[speaker_id] = float(
            self._cohort.nearness(self._present(speaker_id)[None])[0]
        )

    def _present(self, speaker_id: int) -> Embedding:
        """Return a voice with what it learned, a unit vector of its own."""
        centroid, learned = self._unit(speaker_id), self._learned.get(speaker_id)
        if learned is None:
            return centroid
        weight = 1 / max(1.0, float(np.linalg.norm(learned)))
        present: Embedding = _units((centroid + learned * weight)[None])[0]
        return present

    def _unit(self, speaker_id: int) -> Embedding:
        """Return the direction of a voice as it was enrolled."""
        unit: Embedding = _units(self._enrolled[speaker_id].voice[None])[0]
        return unit

    def _forget(self, speaker_id: int) -> None:
        pooled, learned = self._enrolled.pop(speaker_id, None), self._learned.pop(speaker_id, None)
        if pooled is not None:
            pooled.voice.fill(0)
        if learned is not None:
            learned.fill(0)


def _units(embeddings: Embeddings) -> Rows:
    units: Rows = (embeddings / norms_of(embeddings)).astype(np.float32)
    return units
