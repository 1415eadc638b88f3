"""Decides the speaker of a part from its voice and from the pattern of turns around it.

The evidence of the voice and of the pattern are log-odds, which are added. The voice alone decides
a part of `TURN_SECONDS` or more: such a part is a turn. A shorter part is probably an answer to
the last turn, so several short parts in a row answer the same turn. An uncertain part is decided
once more if the next part follows soon. The odds of the pattern are assumptions about conversation,
not measurements. They are small: the voice outweighs them unless two voices are almost equally
near.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from hwaja.protocol.values import Label
from hwaja.speakers.parts import Part, probabilities

TURN_SECONDS = 1.5
"""Least speech for the voice alone to decide. Of 1000 such clips, 1 goes to the wrong voice."""

ANSWER_PROBABILITY = 0.65
"""Probability that a short part after a pause is another speaker's answer to the last turn."""

SAME_TURN_PAUSE_SECONDS = 1.0
"""A shorter pause may occur within a turn."""

SAME_TURN_PROBABILITY = 0.7
"""Probability that the speaker stays the same across such a pause."""


@dataclass(frozen=True, slots=True)
class SpeakerDecision:
    """The decided speaker of a part."""

    speaker_id: int
    label: Label
    probability: float
    """Probability of this speaker among the enrolled ones, from the voice and the pattern."""


@dataclass(frozen=True, slots=True)
class Revised:
    """A corrected speaker for an earlier answer."""

    segment_id: int
    speaker_id: int


@dataclass(frozen=True, slots=True)
class _DecidedPart:
    segment_id: int
    part: Part
    evidence: tuple[float, ...]
    """Log-likelihoods from the voice and the parts before, one per speaker."""
    decision: SpeakerDecision


class TurnPrior:
    """Decides the speakers of parts, in the order of speech."""

    def __init__(self) -> None:
        self._last: _DecidedPart | None = None
        self._turn: _DecidedPart | None = None  # last part of `TURN_SECONDS` or more

    def take(self, segment_id: int, part: Part, pause_seconds: float) -> SpeakerDecision:
        """Return the speaker of a part, which began `pause_seconds` after the last part."""
        evidence = part.evidence or (0.0,) * len(part.speaker_ids)
        may_answer = part.speech_seconds < TURN_SECONDS and pause_seconds > 0
        if may_answer and self._turn is not None:
            likely = _likely(self._turn.part, self._turn.evidence, part)
            evidence = _with_neighbour(evidence, likely, 1 - ANSWER_PROBABILITY)
        elif not part.evidence and self._last is not None:
            # It is the rest of a turn too long for one utterance, or there was no turn yet.
            likely = _likely(self._last.part, self._last.evidence, part)
            evidence = _with_neighbour(evidence, likely, SAME_TURN_PROBABILITY)
        decision = _decide(part, evidence)
        self._keep(_DecidedPart(segment_id, part, evidence, decision))
        return decision

    def revise(self, part: Part, pause_seconds: float) -> Revised | None:
        """Return the correction of the last part by the next one; None if its speaker stays.

        Call it before `take` for the next part.
        """
        last = self._last
        if last is None or last.decision.label is Label.SURE or not part.evidence:
            return None
        if not 0 < pause_seconds < SAME_TURN_PAUSE_SECONDS:
            return None
        likely = _likely(part, part.evidence, last.part)
        evidence = _with_neighbour(last.evidence, likely, SAME_TURN_PROBABILITY)
        decision = _decide(last.part, evidence)
        self._keep(_DecidedPart(last.segment_id, last.part, evidence, decision))
        if decision.speaker_id == last.decision.speaker_id:
            return None
        return Revised(last.segment_id, decision.speaker_id)

    def _keep(self, taken: _DecidedPart) -> None:
        self._last = taken
        if taken.part.speech_seconds >= TURN_SECONDS:
            self._turn = taken


def _decide(part: Part, evidence: Sequence[float]) -> SpeakerDecision:
    likely = probabilities(evidence)
    place = max(range(len(likely)), key=likely.__getitem__)
    return SpeakerDecision(part.speaker_ids[place], part.label, likely[place])


def _likely(neighbour: Part, evidence: Sequence[float], part: Part) -> tuple[float, ...]:
    """Return the probability of each speaker of `part` by the evidence of a neighbouring part.

    The two may have other speakers where these are discovered. Who was not known has none.
    """
    likely = dict(zip(neighbour.speaker_ids, probabilities(evidence), strict=True))
    return tuple(likely.get(speaker_id, 0.0) for speaker_id in part.speaker_ids)


def _with_neighbour(
    evidence: Sequence[float], likely: Sequence[float], same: float
) -> tuple[float, ...]:
    """Return the evidence of a part, given the probabilities of its speakers by a neighbour.

    `same` is the probability that both parts have the same speaker. The other speakers share the
    rest equally. However certain the neighbour is, the odds between two speakers change at most by
    the ratio of `same` to one such share.
    """
    other = (1 - same) / max(1, len(likely) - 1)
    pattern = (log(same * one + other * (1 - one)) for one in likely)
    return tuple(voice + turns for voice, turns in zip(evidence, pattern, strict=True))
