"""Whether each clip of a conversation was given to the right speaker, and each change heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation, Turn
from hwaja_bench.attribution.decisions import Decision, Heard

BIN_EDGES_SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0)
"""Where the lengths of speech are divided."""

CONTINUOUS_SECONDS = 0.5
"""A change of speakers with a shorter pause lies inside continuous speech: the default hang-over
would not end an utterance there."""

CHANGE_TOLERANCE_SECONDS = 0.5
"""How near a boundary between two speakers' answers must be to a change that it finds."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one clip."""

    turn: int
    """Its number in the conversation."""
    speaker_id: int
    start_seconds: float
    end_seconds: float
    speech_seconds: float
    segment_id: int | None
    """The answer that shares most time with it; None: no answer does, the clip is missing."""
    answered_id: int | None
    """The speaker of that answer."""
    label: str | None
    margin: float | None

    @property
    def is_missing(self) -> bool:
        """Whether no answer covers it."""
        return self.segment_id is None

    @property
    def is_right(self) -> bool:
        """Whether its answer names its speaker."""
        return self.answered_id == self.speaker_id

    @property
    def is_false_sure(self) -> bool:
        """Whether its answer names another speaker and is sure of it."""
        return self.label == "sure" and not self.is_right

    @property
    def length_bin(self) -> str:
        """Its bin by seconds of speech, as "1-2 s"."""
        return length_bin(self.speech_seconds)


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of speaker inside continuous speech."""

    found: int
    count: int


def length_bin(speech_seconds: float) -> str:
    """Return the name of the bin that a length lies in; an edge belongs to the bin above it."""
    below = [edge for edge in BIN_EDGES_SECONDS if edge <= speech_seconds]
    if not below:
        return f"< {BIN_EDGES_SECONDS[0]:g} s"
    if len(below) == len(BIN_EDGES_SECONDS):
        return f">= {below[-1]:g} s"
    return f"{below[-1]:g}-{BIN_EDGES_SECONDS[len(below)]:g} s"


LENGTH_BINS = tuple(length_bin(edge) for edge in (0, *BIN_EDGES_SECONDS))
"""The names of all bins, the shortest first."""


def judge(conversation: Conversation, heard: Heard) -> list[Judgement]:
    """Judge every clip by the answer that shares most time with it."""
    return [_judge(i, turn, heard.decisions) for i, turn in enumerate(conversation.turns)]


def _judge(number: int, turn: Turn, decisions: Sequence[Decision]) -> Judgement:
    start, end = turn.start / SAMPLE_RATE, turn.stop / SAMPLE_RATE
    shares = [min(end, d.end_seconds) - max(start, d.start_seconds) for d in decisions]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    known = (number, turn.speaker_id, start, end, turn.clip.speech_seconds)
    if best is None or shares[best] <= 0:
        return Judgement(*known, None, None, None, None)
    answer = decisions[best]
    return Judgement(*known, answer.segment_id, answer.speaker_id, answer.label, answer.margin)


def changes(conversation: Conversation, heard: Heard) -> Changes:
    """Count the changes of speaker inside continuous speech, and those that were found.

    A change lies between the end of a turn and the beginning of the next, or anywhere in their
    overlap. It is found by a boundary between two answers of different speakers that is within
    CHANGE_TOLERANCE_SECONDS of it; a boundary finds one change, the earliest that it can.
    """
    boundaries = _boundaries(heard.decisions)
    found = count = 0
    for before, after in pairwise(conversation.turns):
        ends = sorted((before.stop / SAMPLE_RATE, after.start / SAMPLE_RATE))
        is_continuous = (after.start - before.stop) / SAMPLE_RATE < CONTINUOUS_SECONDS
        if before.speaker_id == after.speaker_id or not is_continuous:
            continue
        count += 1
        for boundary in boundaries:
            if max(ends[0] - boundary, boundary - ends[1]) <= CHANGE_TOLERANCE_SECONDS:
                boundaries.remove(boundary)
                found += 1
                break
    return Changes(found, count)


def _boundaries(decisions: Sequence[Decision]) -> list[float]:
    """Return the seconds at which answers change from one speaker to another."""
    return [
        (before.end_seconds + after.start_seconds) / 2
        for before, after in pairwise(decisions)
        if before.speaker_id != after.speaker_id
    ]
