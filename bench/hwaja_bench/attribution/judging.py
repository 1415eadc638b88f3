"""Judges the speaker of each clip of a conversation, and the detection of speaker changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation, Turn
from hwaja_bench.attribution.decisions import Decision, SessionResult

BIN_EDGES_SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0)
"""Edges of the length bins, in seconds of speech."""

CONTINUOUS_SECONDS = 0.5
"""A speaker change with a shorter pause lies within continuous speech.

VAD's default hang-over would not end an utterance there.
"""

CHANGE_TOLERANCE_SECONDS = 0.5
"""Maximum distance of a detected speaker boundary from the change that it matches."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of one clip."""

    turn: int
    """The clip's number in the conversation."""
    speaker_id: int
    start_seconds: float
    end_seconds: float
    speech_seconds: float
    segment_id: int | None
    """The answer with the longest overlap; None: no answer overlaps, so the clip is missing."""
    answered_id: int | None
    """The speaker of that answer."""
    label: str | None
    margin: float | None

    @property
    def is_missing(self) -> bool:
        """Whether no answer overlaps the clip."""
        return self.segment_id is None

    @property
    def is_right(self) -> bool:
        """Whether the answer has the right speaker."""
        return self.answered_id == self.speaker_id

    @property
    def is_false_sure(self) -> bool:
        """Whether the answer has the wrong speaker and is marked as sure."""
        return self.label == "sure" and not self.is_right

    @property
    def length_bin(self) -> str:
        """The clip's length bin by seconds of speech, for example "1-2 s"."""
        return length_bin(self.speech_seconds)


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts of speaker changes within continuous speech."""

    found: int
    count: int


def length_bin(speech_seconds: float) -> str:
    """Return the name of a length's bin; an edge belongs to the bin above it."""
    below = [edge for edge in BIN_EDGES_SECONDS if edge <= speech_seconds]
    if not below:
        return f"< {BIN_EDGES_SECONDS[0]:g} s"
    if len(below) == len(BIN_EDGES_SECONDS):
        return f">= {below[-1]:g} s"
    return f"{below[-1]:g}-{BIN_EDGES_SECONDS[len(below)]:g} s"


LENGTH_BINS = tuple(length_bin(edge) for edge in (0, *BIN_EDGES_SECONDS))
"""The names of all bins, the shortest first."""


def judge(conversation: Conversation, heard: SessionResult) -> list[Judgement]:
    """Judge every clip by the answer with the longest overlap."""
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


def changes(conversation: Conversation, heard: SessionResult) -> Changes:
    """Count the speaker changes within continuous speech, and the detected ones.

    A change lies between the end of a turn and the beginning of the next, or anywhere in their
    overlap. It counts as detected if a boundary between two answers of different speakers is within
    CHANGE_TOLERANCE_SECONDS of it. A boundary matches one change only, the earliest possible.
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
    """Return the times in seconds at which the answers' speaker changes."""
    return [
        (before.end_seconds + after.start_seconds) / 2
        for before, after in pairwise(decisions)
        if before.speaker_id != after.speaker_id
    ]
