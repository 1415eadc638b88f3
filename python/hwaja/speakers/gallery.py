"""The voices of a session that nobody enrolled: pieces of speech, grouped by voice.

With each utterance all pieces are grouped again. A group keeps the id that most of its speech had.
So later speech may show that two ids are one person, or that a piece was another's.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import count

import numpy as np

from hwaja.engines.interface import Embedding
from hwaja.speakers.clustering import Floats, groups_of
from hwaja.speakers.voices import units_of

NEWNESS = 4.0
"""Log-odds against a new voice with 1 s of speech, at the beginning; against one with 2 s they are
half as much, and so on. With less, a breath or two people at once become a speaker."""

NEWNESS_GROWTH, GROWTH_SECONDS = 8.0, 30.0
"""The odds grow with the speech that is known (in the logarithm): whoever is there has spoken. With
less, noise gives one speaker too many in every second conversation of five minutes."""

SHORTEST_SECONDS = 0.67
"""Less speech counts as so much."""

MOST_PIECES = 96
"""If there are more, the two oldest ones of a speaker become one."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """The mean of one speaker's speech."""

    unit: Embedding
    """Unit vector, shape (dim,)."""
    seconds: float


Known = Mapping[int, Voice]
"""Voices by speaker id."""


@dataclass(slots=True, eq=False)
class _Piece:
    """Speech of one voice: a part, or several older parts of one speaker."""

    starts: tuple[int, ...]
    """First samples of the parts; those of earlier transcriptions are dropped."""
    voice: Voice
    speaker_id: int | None = None
    """None: not grouped yet."""


class Gallery:
    """The pieces of speech of one session, and the speaker of each."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._kept: set[int] = set()
        self._followers: dict[int, int] = {}  # speakers of reported parts, by their first samples

    @property
    def kept(self) -> AbstractSet[int]:
        """The speakers of this transcription whose id no other voice gets. Each has a piece."""
        return self._kept

    @property
    def ids(self) -> dict[int, int]:
        """The speaker of each part of this transcription, by its first sample."""
        seconds: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for piece in self._pieces:
            for start in piece.starts:
                if piece.speaker_id is not None:
                    seconds[start][piece.speaker_id] += piece.voice.seconds
        pieces = {start: max(own, key=own.__getitem__) for start, own in seconds.items()}
        return self._followers | pieces

    @property
    def seconds(self) -> float:
        """The speech of all pieces."""
        return sum(piece.voice.seconds for piece in self._pieces)

    def oneness(self, seconds: Floats) -> Floats:
        """Return the log-odds that a voice with so much speech is no new one, before all else."""
        newness = NEWNESS + NEWNESS_GROWTH * np.log1p(self.seconds / GROWTH_SECONDS)
        return np.asarray(newness / np.maximum(seconds, SHORTEST_SECONDS))

    def begin(self) -> None:
        """Begin a transcription. The voices of the last one stay, without its parts.

        The voices that were kept are dropped: they are enrolled.
        """
        self._drop([piece for piece in self._pieces if piece.speaker_id in self._kept])
        self._kept.clear()
        for piece in self._pieces:
            piece.starts = ()
        self._followers.clear()

    def keep(self, speaker_id: int) -> bool:
        """Let no other voice get this speaker's id. Return whether there is such a speaker."""
        if not any(piece.speaker_id == speaker_id for piece in self._pieces):
            return False
        self._kept.add(speaker_id)
        return True

    def forget(self) -> None:
        """Overwrite the memory of every piece, and drop it."""
        self._drop(self._pieces)
        self._kept.clear()
        self._followers.clear()

    def _drop(self, pieces: Sequence[_Piece]) -> None:
        for piece in pieces:
            piece.voice.unit.fill(0)
        self._pieces = [piece for piece in self._pieces if piece not in pieces]

    def add(self, start: int, voice: Voice) -> None:
        """Take the voice of the part that begins at sample `start`. `group` finds its speaker."""
        self._pieces.append(_Piece((start,), voice))

    def join(self, starts: Sequence[int], speaker_id: int) -> None:
        """Report pieces that follow each other as one part, which begins with the first.

        They stay apart here: later speech may show that they are of two people. A part without a
        piece, which is too short, follows its speaker: if that turns out to be another, so is it.
        """
        self._followers[starts[0]] = speaker_id
        for piece in self._pieces:
            if any(start in starts for start in piece.starts):
                piece.starts = (starts[0],)

    def voices(self, enrolled: Known, without: int | None = None) -> dict[int, Voice]:
        """Return the voice of each speaker, without the part that begins at sample `without`."""
        own: dict[int, list[Voice]] = defaultdict(list)
        for speaker_id, voice in enrolled.items():
            own[speaker_id].append(voice)
        for piece in self._pieces:
            if piece.speaker_id is not None and without not in piece.starts:
                own[piece.speaker_id].append(piece.voice)
        return {speaker_id: mean_voice(own[speaker_id]) for speaker_id in sorted(own)}

    def group(self, enrolled: Known, most_speakers: int) -> None:
        """Find the speaker of every piece.

        The longest piece of a speaker who is kept stands for that speaker, as an enrolled voice
        does.

        Args:
            enrolled: the enrolled voices. They are of different people, and keep their ids.
            most_speakers: the most speakers, the enrolled and the kept ones included.

        """
        if not self._pieces:
            return
        kept = {speaker_id: self._longest_of(speaker_id) for speaker_id in self._kept}
        others = [piece for piece in self._pieces if piece not in kept.values()]
        pieces = [*kept.values(), *others]
        voices = [*enrolled.values(), *(piece.voice for piece in pieces)]
        known_ids = [*enrolled, *kept]
        groups = groups_of(
            np.stack([voice.unit for voice in voices]),
            np.array([voice.seconds for voice in voices]),
            self.oneness,
            len(known_ids),
            max(most_speakers, len(known_ids)),
        )
        own = [*zip(pieces, groups[len(enrolled) :], strict=True)]
        ids = _ids_of_groups(dict(zip(groups, known_ids, strict=False)), own)
        self._follow([(piece, ids[group]) for piece, group in own], known_ids)
        for piece, group in own:
            piece.speaker_id = ids[group]
        while len(self._pieces) > MOST_PIECES:
            self._pool_oldest()

    def _follow(self, own: Sequence[tuple[_Piece, int]], known_ids: Sequence[int]) -> None:
        """Give the short parts of each speaker who is gone to the one who has most of that speech.

        A speaker is gone if all pieces have left. A new voice may have the id from now on.

        Args:
            own: each piece, with the speaker whom it had so far, and its new speaker.
            known_ids: the speakers who are there also without a piece.

        """
        seconds: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for piece, speaker_id in own:
            if piece.speaker_id is not None:
                seconds[piece.speaker_id][speaker_id] += piece.voice.seconds
        gone = {k: new for k, new in seconds.items() if k not in new and k not in known_ids}
        heirs = {k: max(new, key=new.__getitem__) for k, new in gone.items()}
        for start, speaker_id in self._followers.items():
            self._followers[start] = heirs.get(speaker_id, speaker_id)

    def _longest_of(self, speaker_id: int) -> _Piece:
        own = (piece for piece in self._pieces if piece.speaker_id == speaker_id)
        return max(own, key=lambda piece: piece.voice.seconds)

    def _pool_oldest(self) -> None:
        seen: dict[int | None, _Piece] = {}
        for piece in self._pieces:
            if piece.speaker_id in seen:
                self._pool(seen[piece.speaker_id], piece)
                return
            seen[piece.speaker_id] = piece

    def _pool(self, into: _Piece, piece: _Piece) -> None:
        """Make one piece of two."""
        pooled = mean_voice([into.voice, piece.voice])
        for each in (into, piece):
            each.voice.unit.fill(0)
        into.voice, into.starts = pooled, into.starts + piece.starts
        self._pieces.remove(piece)


def _ids_of_groups(ids: dict[int, int], own: Sequence[tuple[_Piece, int]]) -> dict[int, int]:
    """Return the speaker of each group.

    Args:
        ids: those of the speakers who are known to keep theirs.
        own: the pieces, and the group of each.

    """
    seconds: dict[tuple[int, int], float] = defaultdict(float)
    for piece, group in own:
        if piece.speaker_id is not None:
            seconds[group, piece.speaker_id] += piece.voice.seconds
    for group, speaker_id in sorted(seconds, key=seconds.__getitem__, reverse=True):
        if group not in ids and speaker_id not in ids.values():
            ids[group] = speaker_id
    for _, group in own:
        if group not in ids:
            ids[group] = free_id(set(ids.values()))
    return ids


def mean_voice(voices: Sequence[Voice]) -> Voice:
    """Return the mean of some voices, weighted by their speech, as new memory."""
    seconds = np.array([voice.seconds for voice in voices], np.float32)
    total = seconds @ np.stack([voice.unit for voice in voices])
    return Voice(units_of(total[None])[0], float(seconds.sum()))


def free_id(taken: Collection[int]) -> int:
    """Return the lowest id that is not taken."""
    return next(number for number in count() if number not in taken)
