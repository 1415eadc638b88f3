"""What a difference between two scores is worth, by how much speech they are from.

Logistic regression (`hwaja bench experiment calibration SPEECH`) on pieces of 0.5 to 3 s of
LibriSpeech train-clean-100, clean and in generated rooms at 20 and 10 dB, each enrolled with 4.5 s;
the slope is a parabola in the logarithm of the length. Speakers, rooms and language of the tests
are others. Answers of 0.1 to 0.5 s, with the audio around them, are worth no less than those of
0.5 s (bench/RESULTS.md).
"""

from collections.abc import Sequence
from math import exp, log2

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 3.0
"""Lengths between which the slope was found; beyond them it stays as it is at the end."""

_SLOPE = (27.6, 10.2, 2.4)  # of 1, log2(seconds), its square


def evidence_per_score(speech_seconds: float) -> float:
    """Return how many natural log-odds a difference of 1 between scores is worth."""
    octaves = log2(min(LONGEST_SECONDS, max(SHORTEST_SECONDS, speech_seconds)))
    constant, linear, square = _SLOPE
    return constant + linear * octaves + square * octaves**2


def probabilities(evidence: Sequence[float]) -> tuple[float, ...]:
    """Return what natural log-likelihoods, equal up to a constant, come to."""
    largest = max(evidence)
    weights = [exp(one - largest) for one in evidence]
    return tuple(weight / sum(weights) for weight in weights)
