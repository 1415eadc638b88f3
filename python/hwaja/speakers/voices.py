"""The enrolled voices of a session, and the likeness of speech to them."""

import math
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.interface import Embedding, Embeddings, Pcm16

NEAREST = 30
"""Number of nearest cohort voices that count: 1 in 10. From 20 to 100 the result is the same."""

_CHANCE_SECONDS = 0.8
"""With so much speech, a voice depends as much on what is said as on who speaks. Found with `hwaja
bench experiment enrolment` (bench/RESULTS.md)."""

Rows = NDArray[np.float32]
"""Unit vectors, shape (n, dim), float32."""


class Cohort:
    """Voices of people outside the conversation, for the normalisation of scores.

    A common voice, or one enrolled in noise, has other cosines than a clear one. So the cosine of a
    voice and a piece of speech is reduced by the mean of their two `nearness` values. This is the
    adaptive symmetric normalisation of Matejka et al., "Analysis of Score Normalization in
    Multilingual Speaker Recognition", Interspeech 2017, without its division by the deviation. The
    cohort is English read speech. In Korean the deviation is half as wide, so the division gave the
    same score another meaning in each language (bench/RESULTS.md).
    """

    def __init__(self, voices: Rows) -> None:
        """Keep `voices`, unit vectors of shape (n, dim), float32.

        Raises:
            ValueError: for fewer than `NEAREST` voices.

        """
        if len(voices) < NEAREST:
            raise ValueError(f"a cohort has at least {NEAREST} voices")
        self._voices = voices

    @classmethod
    def load(cls) -> "Cohort":
        """Load the cohort beside this file; cohort.md names its source."""
        data = files(__package__).joinpath("cohort.npy").read_bytes()
        return cls(np.load(BytesIO(data), allow_pickle=False).astype(np.float32))

    def nearness(self, rows: Rows) -> NDArray[np.float32]:
        """Return the mean cosine of each row to its nearest cohort voices, shape (n,), float32."""
        cosines = rows @ self._voices.T
        nearest = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]
        return np.asarray(nearest.mean(axis=1), np.float32)


@dataclass(frozen=True, slots=True)
class PooledVoice:
    """The takes of one speaker, combined into one voice."""

    voice: Embedding
    """Mean of the takes' unit vectors, weighted by their speech; shape (dim,), not normalised."""
    speech_seconds: float
    takes: int
    """0: the voice was discovered, and nobody enrolled it."""
    sample: Pcm16 | None = None
    """`VOICE_SAMPLES` of the last take, where the server extracts voices."""

    @property
    def reliability(self) -> float:
        """Share of the voice's variance that comes from the speaker, above 0 and below 1."""
        return self.speech_seconds / (self.speech_seconds + _CHANCE_SECONDS)

    def erase(self) -> None:
        """Overwrite the voice in memory."""
        self.voice.fill(0)
        if self.sample is not None:
            self.sample.fill(0)


def pool(earlier: PooledVoice | None, embedding: Embedding, speech_seconds: float) -> PooledVoice:
    """Combine the embedding of a new take, shape (dim,), with the earlier takes.

    `earlier` and `embedding` are unchanged.

    Raises:
        ValueError: for an embedding without direction (zero or not finite).

    """
    unit = embedding / _norm(embedding)
    if earlier is None:
        return PooledVoice(unit, speech_seconds, 1)
    seconds = earlier.speech_seconds + speech_seconds
    unit *= speech_seconds / seconds
    share = earlier.voice * (earlier.speech_seconds / seconds)
    unit += share
    share.fill(0)
    return PooledVoice(unit, seconds, earlier.takes + 1)


def cosine(one: Embedding, other: Embedding) -> float:
    """Return the cosine of two embeddings, in [-1, 1].

    Raises:
        ValueError: if one has no direction (zero or not finite).

    """
    # Rounding may give slightly more than 1.
    return float(np.clip(one @ other / (_norm(one) * _norm(other)), -1, 1))


def similarity(one: PooledVoice, other: PooledVoice) -> float:
    """Return the likeness of two voices, in [-1, 1]: near 1 for one person, at any length.

    With little speech, an embedding also depends on what is said. So the cosine of two takes of one
    person is 0.73 under 3 s, and 0.92 above 14 s. Spearman's correction for attenuation divides it
    by the geometric mean of the two reliabilities.

    Raises:
        ValueError: as `cosine`.

    """
    corrected = cosine(one.voice, other.voice) / math.sqrt(one.reliability * other.reliability)
    return min(max(corrected, -1.0), 1.0)


def _norm(embedding: Embedding) -> float:
    return float(norms_of(embedding[None])[0, 0])


def norms_of(embeddings: Embeddings) -> NDArray[np.float32]:
    """Return the norm of each embedding, shape (n, 1), float32.

    Raises:
        ValueError: for an embedding without direction (zero or not finite).

    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not norms.all():
        raise ValueError("the embedding has no direction")
    return np.asarray(norms, np.float32)


LEARNABLE_COSINE = 0.5
"""Least cosine for a voice to learn from an embedding. The same voice has 0.6 to 0.8 at 3 s."""

LEARNED_SECONDS = 30.0
"""With this much learned speech, the learned part weighs as much as the enrolment."""


LEAST_FITTED = 6
"""Least number of windows for a voice to be fitted to them: 1 s of speech."""

FIT_WEIGHT = 2.0
"""Weight of many windows in a fitted voice, next to 1 of the enrolled voice."""

_HALF_FITTED = 10
"""With this many windows, 1.6 s of speech, their weight is half of `FIT_WEIGHT`."""


@dataclass(frozen=True, slots=True)
class VoiceScores:
    """The likeness of pieces of speech to voices; arrays of shape (pieces, voices), float32."""

    cosines: NDArray[np.float32]
    scores: NDArray[np.float32]
    """The cosines less those expected for the voice and the piece; see `Cohort`."""


class Voices:
    """The enrolled voices of one session."""

    def __init__(self, cohort: Cohort) -> None:
        """Begin without voices. Normalise scores with `cohort`."""
        self._cohort = cohort
        self._enrolled: dict[int, PooledVoice] = {}
        self._learned: dict[int, Embedding] = {}
        self._nearness: dict[int, float] = {}  # of each current voice to the cohort

    @property
    def speaker_ids(self) -> tuple[int, ...]:
        """Ids of the enrolled speakers, ascending: the order of every row of scores."""
        return tuple(sorted(self._enrolled))

    @property
    def sampled_ids(self) -> frozenset[int]:
        """Ids of the speakers whose voice can be extracted."""
        return frozenset(k for k, pooled in self._enrolled.items() if pooled.sample is not None)

    def enrol(self, speaker_id: int, pooled: PooledVoice) -> None:
        """Keep a voice. Overwrite the memory of the speaker's earlier voice.

        Raises:
            ValueError: for a voice without direction (zero or not finite). The voices are
                unchanged.

        """
        norms_of(pooled.voice[None])
        self._forget(speaker_id)
        self._enrolled[speaker_id] = pooled
        self._update_nearness(speaker_id)

    def of(self, speaker_id: int) -> PooledVoice | None:
        """Return the enrolled voice of a speaker; None before the first take."""
        return self._enrolled.get(speaker_id)

    def sample_of(self, speaker_id: int | None) -> Pcm16 | None:
        """Return the sample that is kept of a speaker's voice; None where there is none."""
        pooled = None if speaker_id is None else self._enrolled.get(speaker_id)
        return None if pooled is None else pooled.sample

    def others(self, speaker_id: int) -> list[PooledVoice]:
        """Return the enrolled voices of all other speakers."""
        return [pooled for other, pooled in self._enrolled.items() if other != speaker_id]

    def learn(self, speaker_id: int, embedding: Embedding, seconds: float) -> None:
        """Move an enrolled voice towards `embedding`, shape (dim,), of `seconds` of its speech.

        A voice moves at most half-way to the mean of the learned embeddings. It ignores an
        embedding with a cosine below `LEARNABLE_COSINE`. `unlearn` resets it.

        Raises:
            ValueError: for an embedding without direction, or a voice that is not enrolled. The
                voices are unchanged.

        """
        if speaker_id not in self._enrolled:
            raise ValueError("this voice is not enrolled")
        unit = units_of(embedding[None])[0]
        enrolled = self._unit(speaker_id)
        is_alike = unit @ enrolled >= LEARNABLE_COSINE
        enrolled.fill(0)
        if not is_alike:
            return
        learned = self._learned.setdefault(speaker_id, np.zeros_like(unit))
        learned += unit * seconds / LEARNED_SECONDS
        self._update_nearness(speaker_id)

    def unlearn(self) -> None:
        """Reset every voice to its enrolment."""
        for learned in self._learned.values():
            learned.fill(0)
        self._learned.clear()
        for speaker_id in self._enrolled:
            self._update_nearness(speaker_id)

    def score(self, embeddings: NDArray[np.float32]) -> VoiceScores:
        """Compare each of `embeddings`, shape (pieces, dim), with each enrolled voice.

        Raises:
            ValueError: for an embedding without direction, or if no voice is enrolled.

        """
        units = units_of(embeddings)
        cosines, rank_scores = self._compare(units)
        of_pieces = self._cohort.nearness(units)[:, None]
        units.fill(0)
        return VoiceScores(cosines, np.asarray(rank_scores - of_pieces / 2, np.float32))

    def rank_scores(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores of `embeddings` up to a constant per piece; shape (pieces, voices).

        They rank the voices as scores do, at a fraction of the cost. The constant, which all voices
        share, is left out.

        Raises:
            ValueError: as `score`.

        """
        units = units_of(embeddings)
        _, rank_scores = self._compare(units)
        units.fill(0)
        return rank_scores

    def fitted_rank_scores(
        self, embeddings: NDArray[np.float32], owners: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Return `rank_scores` for voices that are fitted to the embeddings.

        In another room or noise than its enrolment's, a voice is nearer to the other windows of an
        utterance than to its enrolment. So each voice moves towards the mean of the embeddings that
        it seems to own. The enrolled voices are unchanged.

        Args:
            embeddings: windows of one utterance, shape (n, dim).
            owners: index in `speaker_ids` of the voice that seems to own each, shape (n,).

        Raises:
            ValueError: as `score`.

        """
        units = units_of(embeddings)
        fitted = self._all_current()
        for place, voice in enumerate(fitted):
            own = units[owners == place]
            if len(own) >= LEAST_FITTED:
                weight = FIT_WEIGHT * len(own) / (len(own) + _HALF_FITTED)
                mean = units_of(own.mean(axis=0)[None])[0]
                fitted[place] = units_of((voice + weight * mean)[None])[0]
            own.fill(0)  # a copy
        scores: Rows = units @ fitted.T - self._cohort.nearness(fitted) / np.float32(2)
        units.fill(0)
        fitted.fill(0)
        return scores

    def forget(self) -> None:
        """Overwrite the memory of every voice, and drop it."""
        for speaker_id in self.speaker_ids:
            self._forget(speaker_id)

    def _compare(self, units: Rows) -> tuple[Rows, Rows]:
        """Return the cosines to each voice, and the same less those expected for the voice."""
        if not self._enrolled:
            raise ValueError("no voice is enrolled")
        enrolled = self._all_current()
        cosines = np.clip(units @ enrolled.T, -1, 1)  # rounding may give slightly more than 1
        enrolled.fill(0)
        of_voices = np.array([self._nearness[k] for k in self.speaker_ids], np.float32)
        rank_scores: Rows = cosines - of_voices / 2
        return cosines, rank_scores

    def _update_nearness(self, speaker_id: int) -> None:
        current = self._current(speaker_id)
        self._nearness[speaker_id] = float(self._cohort.nearness(current[None])[0])
        current.fill(0)

    def _all_current(self) -> Rows:
        """Return the voices with their learned parts, in the order of the ids, as new memory."""
        voices = [self._current(speaker_id) for speaker_id in self.speaker_ids]
        rows: Rows = np.stack(voices)
        for voice in voices:
            voice.fill(0)
        return rows

    def _current(self, speaker_id: int) -> Embedding:
        """Return a voice with its learned part, as a new unit vector, shape (dim,)."""
        centroid, learned = self._unit(speaker_id), self._learned.get(speaker_id)
        if learned is None:
            return centroid
        weight = 1 / max(1.0, float(np.linalg.norm(learned)))
        centroid += learned * weight
        current: Embedding = units_of(centroid[None])[0]
        centroid.fill(0)
        return current

    def _unit(self, speaker_id: int) -> Embedding:
        """Return the enrolled voice as a unit vector, shape (dim,)."""
        unit: Embedding = units_of(self._enrolled[speaker_id].voice[None])[0]
        return unit

    def _forget(self, speaker_id: int) -> None:
        pooled, learned = self._enrolled.pop(speaker_id, None), self._learned.pop(speaker_id, None)
        if pooled is not None:
            pooled.erase()
        if learned is not None:
            learned.fill(0)


def units_of(embeddings: Embeddings) -> Rows:
    """Return embeddings as unit vectors, shape (n, dim), float32.

    Raises:
        ValueError: as `norms_of`.

    """
    # Without a copy: NumPy keeps the memory of small arrays, and nothing overwrites it there.
    units: Rows = (embeddings / norms_of(embeddings)).astype(np.float32, copy=False)
    return units
