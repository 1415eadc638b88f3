"""Parts of an utterance, and the probability of each speaker from their voice; no arrays.

The evidence of a score difference depends on the duration of the speech. Its slope was fitted by
logistic regression (`hwaja bench experiment calibration SPEECH`) on pieces of 0.5 to 3 s of
LibriSpeech train-clean-100, clean and in generated rooms at 20 and 10 dB, each voice enrolled with
4.5 s. The slope is a parabola in the logarithm of the duration. The tests use other speakers, rooms
and another language. Answers of 0.1 to 0.5 s, embedded with the audio around them, give no less
evidence than answers of 0.5 s (bench/RESULTS.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log2

from hwaja.protocol.values import Label

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 3.0
"""Range of durations in which the slope was fitted. Outside of it the slope stays constant."""

_SLOPE = (27.6, 10.2, 2.4)  # of 1, log2(seconds), its square

SURE_PROBABILITY = 0.99
"""Least probability of the nearest voice, among the enrolled voices, for the label `SURE`."""

SHORT_SECONDS = 0.1
"""Least speech to embed: an embedder may need more audio than a shorter part has. Of 100 pieces of
0.2 to 0.3 s, 2 to 4 go to the wrong one of two voices (bench/RESULTS.md)."""

EXEMPLARY_SECONDS = 3.0
"""Least speech for an embedding as good as that of an enrolment."""

CERTAIN_PROBABILITY = 0.95
"""Least probability of both voices at a change, since a cut is final. At 0.99, some changes are
noticed seconds later (bench/RESULTS.md)."""

NEXT_SECONDS = 0.6
"""Least speech of the next voice before a change is accepted."""

_GIVEN = 20.0
"""Evidence of a voice that is given, not found: one that was extracted, or that of a channel."""

_FLOORS = ((1.0, -0.05), (2.0, 0.05), (3.0, 0.1))
"""Pairs (least speech in seconds, least score). A part of that length with a lower score is of an
unknown voice. In the worst room tried, 1 in 100 clips of an enrolled voice is below
(bench/RESULTS.md)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Samples `[start, stop)` of a session in which one voice speaks, with its scores.

    The tuples have one entry per enrolled voice, by ascending speaker id. All but `speaker_ids` are
    empty if the part is not compared yet or has too little speech to embed.
    """

    start: int
    stop: int
    speaker_ids: tuple[int, ...]
    speech_seconds: float
    cosines: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    """Cosines less those expected for this voice and this part; see `voices.Cohort`."""
    evidence: tuple[float, ...] = ()
    """Natural log-likelihood of each voice, up to a constant."""
    overlap_seconds: float = 0.0
    """Duration of the overlap of two voices."""
    other: int | None = None
    """Index, in the tuples, of the voice that overlaps with the nearest one. None: no voice does,
    or so briefly that it may be an error."""
    nobody_evidence: float = float("-inf")
    """Natural log-likelihood that none of the voices speaks; only where speakers are discovered."""

    def of_one(self, place: int) -> "Part":
        """Return the part as that of one voice, at `place` in the tuples, which is extracted."""
        evidence = tuple(_GIVEN if k == place else 0.0 for k in range(len(self.evidence)))
        return replace(self, evidence=evidence, other=None)

    @property
    def is_short(self) -> bool:
        """Whether the part has too little speech to embed."""
        return self.speech_seconds < SHORT_SECONDS

    @property
    def nearest(self) -> int:
        """Index, in the tuples, of the most likely voice."""
        return max(range(len(self.evidence)), key=self.evidence.__getitem__)

    @property
    def probability(self) -> float:
        """Probability of the nearest voice, if the speaker is enrolled or may be discovered."""
        return max(probabilities((*self.evidence, self.nobody_evidence))[:-1])

    @property
    def margin(self) -> float:
        """Difference between the two highest scores; 0 for a single enrolled voice."""
        first, *others = sorted(self.scores, reverse=True)
        return first - others[0] if others else 0.0

    @property
    def is_exemplary(self) -> bool:
        """Whether a voice may learn from the part: it is long, sure and without overlap."""
        is_long = self.speech_seconds >= EXEMPLARY_SECONDS and self.overlap_seconds == 0
        return is_long and self.label is Label.SURE

    @property
    def is_of_nobody(self) -> bool:
        """Whether the part is like none of the voices."""
        if self.nobody_evidence > float("-inf"):
            return self.nobody_evidence > max(self.evidence)
        floors = (floor for seconds, floor in _FLOORS if self.speech_seconds >= seconds)
        return max(self.scores) < max(floors, default=float("-inf"))

    @property
    def label(self) -> Label:
        """How reliable the nearest voice is."""
        if not self.evidence:
            return Label.SHORT
        if self.overlap_seconds >= self.speech_seconds / 2:
            return Label.OVERLAP
        if self.is_of_nobody:
            return Label.UNKNOWN
        return Label.SURE if self.probability >= SURE_PROBABILITY else Label.DOUBTFUL

    def joined(self, overlap: "Part") -> "Part":
        """Return this part with the neighbouring part of an overlap added to it.

        If this part has too little speech to embed, the voices of the overlap are those of both.
        """
        voiced = self if self.evidence else overlap
        return replace(
            voiced,
            start=min(self.start, overlap.start),
            stop=max(self.stop, overlap.stop),
            speech_seconds=self.speech_seconds + overlap.speech_seconds,
            overlap_seconds=self.overlap_seconds + overlap.overlap_seconds,
            other=overlap.other if overlap.nearest == voiced.nearest else overlap.nearest,
        )


def given(part: Part) -> Part:
    """Return a part with one speaker id, and nothing to compare, as certainly that speaker's."""
    return replace(part, evidence=(0.0,), nobody_evidence=-_GIVEN)


def without_first_overlap(parts: Sequence[Part]) -> tuple[Part, ...] | None:
    """Return the parts with the first overlap joined to a neighbour, if possible one of its voice.

    None: there is no overlap beside another part.
    """
    overlaps = (at for at, part in enumerate(parts) if part.label is Label.OVERLAP)
    at = next(overlaps, None)
    if at is None or len(parts) < 2:
        return None
    neighbours = [k for k in (at - 1, at + 1) if 0 <= k < len(parts)]
    embedded = (k for k in neighbours if parts[k].evidence)
    of_its_voice = (k for k in embedded if parts[k].nearest == parts[at].nearest)
    into = next(of_its_voice, neighbours[0])
    first = min(at, into)
    return (*parts[:first], parts[into].joined(parts[at]), *parts[first + 2 :])


@dataclass(frozen=True, slots=True)
class Correction:
    """The part that begins at sample `start` was another speaker's than was reported."""

    start: int
    speaker_id: int


def next_turn(parts: Sequence[Part]) -> int | None:
    """Return the sample at which the last voice begins; None if no change of voice is certain.

    Args:
        parts: parts of the end of an open utterance, from `diarize.split_by_voice`.

    """
    if len(parts) < 2:
        return None
    before, after = parts[-2:]
    is_certain = min(before.probability, after.probability) >= CERTAIN_PROBABILITY
    return after.start if is_certain and after.speech_seconds >= NEXT_SECONDS else None


def evidence_per_score(speech_seconds: float) -> float:
    """Return the natural log-odds for a score difference of 1."""
    octaves = log2(min(LONGEST_SECONDS, max(SHORTEST_SECONDS, speech_seconds)))
    constant, linear, square = _SLOPE
    return constant + linear * octaves + square * octaves**2


def probabilities(evidence: Sequence[float]) -> tuple[float, ...]:
    """Return the probabilities for natural log-likelihoods, which are known up to a constant."""
    largest = max(evidence)
    weights = [exp(one - largest) for one in evidence]
    return tuple(weight / sum(weights) for weight in weights)
