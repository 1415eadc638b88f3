"""Who speaks, from the voice and from who spoke before and after.

A hidden Markov model of two steps. Where the voice alone says much, it decides. What is shorter
than `PATTERN_SECONDS` is judged together with the turn before it, and looked at once more when more
is said soon after it. The odds are assumptions about conversation, not measured on one: they are
small, so that they matter where the voice says next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from hwaja.attribution.calibration import probabilities
from hwaja.attribution.parts import Label, Part

PATTERN_SECONDS = 1.5
"""Speech from which on the voice alone decides; of 1000 such clips 1 goes to the wrong voice."""

ANSWER_PROBABILITY = 0.65
"""That something so short, after a pause, is an answer to the turn before it, not its going on."""

SAME_TURN_PAUSE_SECONDS = 1.0
"""A shorter pause may lie within a turn."""

SAME_TURN_PROBABILITY = 0.7
"""That what is said after such a pause goes on with the turn."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who is taken to have said a part."""

    speaker_id: int
    label: Label
    probability: float
    """Of this speaker, from the voice and the pattern; the other enrolled ones have the rest."""


@dataclass(frozen=True, slots=True)
class Revised:
    """An earlier answer whose speaker is another, now that more is known."""

    segment_id: int
    speaker_id: int


@dataclass(frozen=True, slots=True)
class _Turn:
    segment_id: int
    part: Part
    evidence: tuple[float, ...]
    """Of the voice and of what came before."""
    said: Said


class TurnPattern:
    """Decides parts in the order in which they were spoken."""

    def __init__(self) -> None:
        self._last: _Turn | None = None

    def take(self, segment_id: int, part: Part, pause_seconds: float) -> Said:
        """Return who said a part that began `pause_seconds` after the one before."""
        evidence = part.evidence or (0.0,) * len(part.speaker_ids)
        is_answer = part.speech_seconds < PATTERN_SECONDS and pause_seconds > 0
        if self._last is not None and (is_answer or not part.evidence):
            # Without a pause it is the rest of a turn that was too long for one utterance.
            same = 1 - ANSWER_PROBABILITY if is_answer else SAME_TURN_PROBABILITY
            evidence = _sum(evidence, _after(probabilities(self._last.evidence), same))
        said = _said(part, evidence)
        self._last = _Turn(segment_id, part, evidence, said)
        return said

    def revise(self, part: Part, pause_seconds: float) -> Revised | None:
        """Return what the next part, before it is taken, says of the last one; None if nothing."""
        last = self._last
        if last is None or last.said.label is Label.SURE or not part.evidence:
            return None
        if not 0 < pause_seconds < SAME_TURN_PAUSE_SECONDS:
            return None
        following = _after(probabilities(part.evidence), SAME_TURN_PROBABILITY)
        evidence = _sum(last.evidence, following)
        said = _said(last.part, evidence)
        self._last = _Turn(last.segment_id, last.part, evidence, said)
        if said.speaker_id == last.said.speaker_id:
            return None
        return Revised(last.segment_id, said.speaker_id)


def _said(part: Part, evidence: Sequence[float]) -> Said:
    likely = probabilities(evidence)
    place = max(range(len(likely)), key=likely.__getitem__)
    return Said(part.speaker_ids[place], part.label, likely[place])


def _after(likely: Sequence[float], same: float) -> tuple[float, ...]:
    """Return the log-probability of each speaker next to one who is known as well as `likely`."""
    other = (1 - same) / max(1, len(likely) - 1)
    return tuple(log(same * one + other * (1 - one)) for one in likely)


def _sum(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
