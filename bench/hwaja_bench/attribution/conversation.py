"""Plans conversations of two speakers from their clips: the order and time of each clip.

All random choices depend only on the seed and the conversation's name. So a conversation does not
depend on the other conversations of a run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.pieces import pieces
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.speech.conditions import Condition
from hwaja_bench.speech.corpus import ENROLMENT_SECONDS, Clip, seeded

TALK_SECONDS = 24.0
"""Approximate speech of each speaker in a conversation.

It is long enough for many turns, and short enough that a corpus gives several conversations, each
with another enrolment.
"""

LEAD_SECONDS = 0.5
"""Silence before the first turn and after the last."""


@dataclass(frozen=True, eq=False)
class Turn:
    """A clip with its speaker and its position."""

    speaker_id: int
    clip: Clip
    start: int
    """First sample, counted from the beginning of the conversation."""

    @property
    def stop(self) -> int:
        """The sample after the clip's last one."""
        return self.start + len(self.clip.samples)


@dataclass(frozen=True, eq=False)
class Conversation:
    """Two voices to enrol, and the turns that follow."""

    name: str
    group: str
    condition: Condition
    voices: tuple[tuple[Clip, ...], tuple[Clip, ...]]
    """The enrolment clips of each speaker; the turns use other clips."""
    turns: tuple[Turn, ...]

    @property
    def length_samples(self) -> int:
        """Length of the conversation with the silence around it, in samples."""
        return max(turn.stop for turn in self.turns) + round(LEAD_SECONDS * SAMPLE_RATE)


def plan(
    clips: Sequence[Clip], seed: int, conditions: Sequence[Condition], limit: int
) -> list[Conversation]:
    """Return the conversations of all pairs within each group, `limit` at most per condition.

    Where there are more, the seed selects some; the selection is the same for every SNR.

    Raises:
        BenchmarkError: where a group has one speaker only, or a speaker too few clips.

    """
    planned = []
    for group in sorted({clip.group for clip in clips}):
        of_group = [clip for clip in clips if clip.group == group]
        speakers = sorted({clip.speaker for clip in of_group})
        if len(speakers) < 2:
            raise BenchmarkError(f"Group {group!r} has one speaker; a conversation needs two.")
        sides = [[c for c in of_group if c.speaker == speaker] for speaker in speakers]
        parts = [part for pair in combinations(sides, 2) for part in _parts(pair, seed)]
        drawn = sorted(seeded(seed, group).permutation(len(parts))[:limit])
        for condition in conditions:
            planned += [_conversation(parts[i], condition, seed) for i in drawn]
    return planned


@dataclass(frozen=True, eq=False)
class _Part:
    """The enrolment clips and the turn clips of two speakers, in order."""

    name: str
    voices: tuple[tuple[Clip, ...], tuple[Clip, ...]]
    talks: tuple[tuple[Clip, ...], tuple[Clip, ...]]


def _parts(pair: tuple[list[Clip], list[Clip]], seed: int) -> Iterator[_Part]:
    """Divide two speakers' clips into conversations, with enrolment clips from the others."""
    name = f"{pair[0][0].group}/{pair[0][0].speaker}-{pair[1][0].speaker}"
    random = seeded(seed, name)
    shuffled = [[side[i] for i in random.permutation(len(side))] for side in pair]
    longest_seconds = max(sum(clip.seconds for clip in side) for side in pair)
    count = min(round(longest_seconds / TALK_SECONDS) or 1, *map(len, pair))
    for number in range(count):
        sides = [_side(side, number, count) for side in shuffled]
        voices, talks = ((sides[0][i], sides[1][i]) for i in (0, 1))
        yield _Part(f"{name}/{number}", voices, talks)


def _side(clips: list[Clip], number: int, count: int) -> tuple[tuple[Clip, ...], tuple[Clip, ...]]:
    """Return one speaker's enrolment clips, and the clips of part `number` of `count`."""
    start, stop = (len(clips) * n // count for n in (number, number + 1))
    voice: list[Clip] = []
    for clip in clips[stop:] + clips[:stop]:  # clips after the part come first, its own clips last
        if sum(c.seconds for c in voice) >= ENROLMENT_SECONDS[0]:
            break
        voice.append(clip)
    talk = tuple(clip for clip in clips[start:stop] if clip not in voice)
    if not talk:
        raise BenchmarkError(
            f"Speaker {clips[0].speaker!r} of group {clips[0].group!r} has too little audio: "
            f"{ENROLMENT_SECONDS[0]:g} s to enrol with and one more clip are needed."
        )
    return tuple(voice), talk


def _conversation(part: _Part, condition: Condition, seed: int) -> Conversation:
    name = f"{part.name}/{condition.name}"
    random = seeded(seed, name)
    talks = part.talks
    if condition.is_cut:
        first, second = (tuple(p for c in talk for p in pieces(c, random)) for talk in talks)
        talks = first, second
    turns = _turns(_in_turn(talks, int(random.integers(2))), condition, random)
    if not turns:
        raise BenchmarkError(f"The clips of {part.name} are too short to be cut into pieces.")
    return Conversation(name, part.voices[0][0].group, condition, part.voices, turns)


def _in_turn(
    talks: tuple[tuple[Clip, ...], tuple[Clip, ...]], first: int
) -> Iterator[tuple[int, Clip]]:
    """Yield the clips of both speakers alternately; one speaker's surplus comes at the end."""
    for both in zip_longest(talks[first], talks[1 - first]):
        for speaker_id, clip in zip((first, 1 - first), both, strict=True):
            if clip is not None:
                yield speaker_id, clip


def _turns(
    order: Iterator[tuple[int, Clip]], condition: Condition, random: np.random.Generator
) -> tuple[Turn, ...]:
    """Place clips one after the other; a speaker's clips never overlap each other."""
    turns: list[Turn] = []
    silent_from = [round(LEAD_SECONDS * SAMPLE_RATE)] * 2
    for speaker_id, clip in order:
        start = silent_from[speaker_id]
        if turns:
            pause_seconds = random.uniform(*condition.pause_seconds)
            start = max(start, turns[-1].stop + round(pause_seconds * SAMPLE_RATE))
        turns.append(Turn(speaker_id, clip, start))
        silent_from[speaker_id] = turns[-1].stop
    return tuple(turns)
