"""What the voice in an utterance, or in a part of it, says of who speaks; no arrays.

What a difference between two scores is worth depends on how much speech they are from. It was found
by logistic regression (`hwaja bench experiment calibration SPEECH`) on pieces of 0.5 to 3 s of
LibriSpeech train-clean-100, clean and in generated rooms at 20 and 10 dB, each enrolled with 4.5 s;
the slope is a parabola in the logarithm of the length. Speakers, rooms and language of the tests
are others. Answers of 0.1 to 0.5 s, with the audio around them, are worth no less than those of
0.5 s (bench/RESULTS.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log2

from hwaja.protocol.values import Label

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 3.0
"""Lengths between which the slope was found; beyond them it stays as it is at the end."""

_SLOPE = (27.6, 10.2, 2.4)  # of 1, log2(seconds), its square

SURE_PROBABILITY = 0.99
"""Of the nearest voice against the other enrolled ones, by `evidence_per_score`."""

SHORT_SECONDS = 0.1
"""Of less speech nothing is embedded, as there may be too little audio for an embedder. Of 100
pieces of 0.2 to 0.3 s 2 to 4 go to the wrong one of two voices (bench/RESULTS.md)."""

EXEMPLARY_SECONDS = 3.0
"""Speech from which on an embedding is as good as one of an enrolment."""

CERTAIN_PROBABILITY = 0.95
"""Of the voices on both sides of a change: a cut cannot be taken back. At 0.99 some
changes are noticed seconds later (bench/RESULTS.md)."""

NEXT_SECONDS = 0.6
"""Speech of the next voice before a change is believed."""

_FLOORS = ((1.0, -0.05), (2.0, 0.05), (3.0, 0.1))
"""Speech in seconds from which a score below is that of nobody who is enrolled. 1 in 100 clips of
an enrolled voice lies below in the worst of the rooms that were tried (bench/RESULTS.md)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Samples `[start, stop)` of a session in which one voice speaks, and whose it may be.

    The tuples have an entry for each enrolled voice, by ascending speaker id; where nothing is
    compared yet, or too little was said to embed, all but `speaker_ids` are empty.
    """

    start: int
    stop: int
    speaker_ids: tuple[int, ...]
    speech_seconds: float
    cosines: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    """Cosines less what is to be expected of this voice and this part; see `voices.Cohort`."""
    evidence: tuple[float, ...] = ()
    """Natural log-likelihood of each voice, up to a constant."""
    overlap_seconds: float = 0.0
    """How much of it two voices share."""

    @property
    def is_short(self) -> bool:
        """Whether there is too little speech in it to embed."""
        return self.speech_seconds < SHORT_SECONDS

    @property
    def nearest(self) -> int:
        """Return the place of the voice that fits best."""
        return max(range(len(self.evidence)), key=self.evidence.__getitem__)

    @property
    def probability(self) -> float:
        """Return how likely the nearest voice is, if it is one of the enrolled."""
        return max(probabilities(self.evidence))

    @property
    def margin(self) -> float:
        """Return by how much the nearest voice's score is above the next; 0 for a single voice."""
        first, *others = sorted(self.scores, reverse=True)
        return first - others[0] if others else 0.0

    @property
    def is_exemplary(self) -> bool:
        """Return whether a voice may learn from it: long, sure, and one speaker alone."""
        is_long = self.speech_seconds >= EXEMPLARY_SECONDS and self.overlap_seconds == 0
        return is_long and self.label is Label.SURE

    @property
    def label(self) -> Label:
        """Return how far the nearest voice can be trusted."""
        if not self.evidence:
            return Label.SHORT
        if self.overlap_seconds >= self.speech_seconds / 2:
            return Label.OVERLAP
        floors = (floor for seconds, floor in _FLOORS if self.speech_seconds >= seconds)
        if max(self.scores) < max(floors, default=float("-inf")):
            return Label.UNKNOWN
        return Label.SURE if self.probability >= SURE_PROBABILITY else Label.DOUBTFUL


def next_turn(parts: Sequence[Part]) -> int | None:
    """Return the sample from which on the last voice speaks; None while it is not sure.

    Args:
        parts: of the end of an utterance that goes on, as of `diarize.read_parts`.

    """
    if len(parts) < 2:
        return None
    before, after = parts[-2:]
    is_certain = min(before.probability, after.probability) >= CERTAIN_PROBABILITY
    return after.start if is_certain and after.speech_seconds >= NEXT_SECONDS else None


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
