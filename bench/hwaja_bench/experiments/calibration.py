"""Calibrates score differences to probabilities and compares score normalisations.

hwaja bench experiment calibration ../shared/speech

Pieces of 0.5 to 3 s are assigned to one of two enrolled voices of a group. Each voice is paired
with ten others at most. For each normalisation of a cosine, the slope of `hwaja.speakers.parts` is
fitted on LibriSpeech train-clean-100 and tested on every group: errors, and the cross-entropy of
the probabilities in nats (0.69 for a guess). Voices are enrolled in the condition of the pieces, or
one of the two clean and the other at 10 dB. The cohort excludes the speakers of the pair.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers.voices import NEAREST
from hwaja_bench.speech.conditions import SNRS_DB
from hwaja_bench.speech.voices import Listener, Spoken, one_clip_each, pieces, several_clips_each

SEED = 4
SECONDS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
ENROLMENT_SECONDS = 4.5
PIECES = 2
"""Pieces of each length from each clip."""
OTHERS = 10
"""Maximum number of voices that each voice is paired with."""
TRAINED_ON = "LibriSpeech train"
COHORT_SECONDS = 10.0
MIXED = ("clean", "10")
"""Enrolment conditions of the first and the second voice of a pair, where they differ."""

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Piece:
    """A piece of one voice."""

    speaker: str
    seconds: float
    unit: Array


@dataclass(frozen=True)
class Cohort:
    """Speaker embeddings with the speakers' names."""

    speakers: NDArray[np.str_]
    units: Array

    def nearest(self, unit: Array, without: Iterable[str]) -> tuple[float, float]:
        """Return mean and deviation of the highest cosines, without some speakers."""
        others = self.units[~np.isin(self.speakers, list(without))]
        nearest = np.sort(others @ unit)[-NEAREST:]
        return float(nearest.mean()), float(nearest.std())


@dataclass(frozen=True)
class Corpus:
    """Voices and pieces of one group in one condition."""

    enrolled: dict[str, Array]
    pieces: list[Piece]


Score = Callable[[float, tuple[float, float], tuple[float, float]], float]
SCORES: dict[str, Score] = {
    "cosine": lambda cosine, _voice, _piece: cosine,
    "AS-norm": lambda cosine, voice, piece: (
        ((cosine - voice[0]) / voice[1] + (cosine - piece[0]) / piece[1]) / 2
    ),
    "means only": lambda cosine, voice, piece: cosine - (voice[0] + piece[0]) / 2,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)


def run(args: argparse.Namespace) -> None:
    listener = Listener()
    single = list(one_clip_each(args.speech, SEED))
    several = list(several_clips_each(args.speech, SEED))
    cohort = Cohort(
        np.array([spoken.speaker for spoken in single]),
        np.array([listener.unit(s.samples[: round(COHORT_SECONDS * SAMPLE_RATE)]) for s in single]),
    )
    corpora = read(listener, [*single, *several])
    for name, score in SCORES.items():
        trials = {key: margins(corpora, key, score, cohort) for key in conditions(corpora)}
        slope = fit([trials[key] for key in trials if key[0] == TRAINED_ON and not key[2]])
        print(f"{name}: slope {', '.join(f'{value:.1f}' for value in slope)}")
        for (group, snr, mixed), (seconds, differences) in trials.items():
            evidence = parabola(seconds, slope) * differences
            enrolled = "one enrolled clean, one at 10 dB" if mixed else "enrolled alike"
            row = f"  {group} {snr}, {enrolled} ({len(differences)}):"
            for at_least, below in ((0.5, 1), (1, 9)):
                part = evidence[(seconds >= at_least) & (seconds < below)]
                row += f" wrong {np.mean(part < 0):.2%} cost {cost(part):.3f}"
            print(row)


def read(listener: Listener, clips: list[Spoken]) -> dict[tuple[str, str], Corpus]:
    """Enrol each speaker with the first seconds of their clips; the rest are test pieces."""
    spoken = defaultdict(list)
    for clip in clips:
        spoken[clip.group, clip.snr, clip.speaker].append(clip)
    corpora: dict[tuple[str, str], Corpus] = defaultdict(lambda: Corpus({}, []))
    for (group, snr, speaker), own in spoken.items():
        joined = np.concatenate([clip.samples for clip in own])
        limit = round(ENROLMENT_SECONDS * SAMPLE_RATE)
        if len(joined) < 2 * limit:
            continue
        corpus = corpora[group, snr]
        corpus.enrolled[speaker] = listener.unit(joined[:limit])
        behind = limit
        for clip in own:
            rest = clip.samples[min(behind, len(clip.samples)) :]
            behind -= len(clip.samples) - len(rest)
            corpus.pieces.extend(
                Piece(speaker, seconds, listener.unit(piece))
                for seconds in SECONDS
                for piece in pieces(rest, seconds, PIECES)
            )
    return dict(corpora)


def conditions(corpora: dict[tuple[str, str], Corpus]) -> list[tuple[str, str, bool]]:
    groups = dict.fromkeys(group for group, _ in corpora)
    return [(group, snr, mixed) for mixed in (False, True) for group in groups for snr in SNRS_DB]


def margins(
    corpora: dict[tuple[str, str], Corpus],
    condition: tuple[str, str, bool],
    score: Score,
    cohort: Cohort,
) -> tuple[Array, Array]:
    """Return, for every trial, the length and the right voice's score minus the other voice's."""
    group, snr, mixed = condition
    first, second = (corpora[group, s].enrolled for s in (MIXED if mixed else (snr, snr)))
    found = []
    for piece in corpora[group, snr].pieces:
        own = first[piece.speaker]
        for speaker in others(piece.speaker, list(second)):
            other, pair = second[speaker], (piece.speaker, speaker)
            of_piece = cohort.nearest(piece.unit, pair)
            right = score(float(own @ piece.unit), cohort.nearest(own, pair), of_piece)
            wrong = score(float(other @ piece.unit), cohort.nearest(other, pair), of_piece)
            found.append((piece.seconds, right - wrong))
    seconds, differences = np.array(found).T
    return seconds, differences


def others(speaker: str, speakers: list[str]) -> list[str]:
    """Return the speakers that a speaker is paired with."""
    at = speakers.index(speaker)
    return [*speakers[at + 1 :], *speakers[:at]][:OTHERS]


def fit(trials: list[tuple[Array, Array]]) -> Array:
    """Return the parabola in log2 of the length that minimises the cross-entropy."""
    seconds, differences = map(np.concatenate, zip(*trials, strict=True))
    found = minimize(lambda slope: cost(parabola(seconds, slope) * differences), np.ones(3))
    return np.asarray(found.x)


def parabola(seconds: Array, slope: Array) -> Array:
    octaves = np.log2(seconds)
    return np.asarray(slope[0] + slope[1] * octaves + slope[2] * octaves**2)


def cost(evidence: Array) -> float:
    """Return the cross-entropy of probabilities, given the evidence for the right voice."""
    return float(np.logaddexp(0, -evidence).mean())
