"""The unanswered utterances of one transcription, in the order in which they ended.

Their results are collected here. The recogniser gives the text of an utterance, the attribution
gives its speakers. An utterance with several speakers is divided into parts. Each part is then
answered like an utterance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise, repeat

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription
from hwaja.protocol.values import Label, Token
from hwaja.session.effects import Recognise
from hwaja.session.events import Attributed, Recognised
from hwaja.speakers.parts import Part, without_first_overlap
from hwaja.vad.gate import Segment

_DEFAULTS = StartTranscription()


@dataclass(frozen=True, slots=True)
class Awaited:
    """An unanswered utterance, or a part of one, with its results so far."""

    segment_id: int
    segment: Segment
    recognised: Recognised | None = None
    attributed: Attributed | None = None
    ends_utterance: bool = True
    """Whether this is the last part of its utterance."""
    wants: StartTranscription = _DEFAULTS
    """The options that were in force when the utterance was open."""

    @property
    def hypothesis(self) -> Hypothesis | None:
        """The text. None: the engine failed, or there is no result yet."""
        return None if self.recognised is None else self.recognised.hypothesis

    @property
    def parts(self) -> tuple[Part, ...]:
        """The voices, in order. Empty: the engine failed, or there is no result yet."""
        return (self.attributed and self.attributed.parts) or ()

    @property
    def voice(self) -> Part | None:
        """The first voice. None: the engine failed, or there is no result yet."""
        return next(iter(self.parts), None)

    @property
    def spoken_parts(self) -> list[tuple[Segment, Part]]:
        """The parts that contain speech. Together they cover the whole segment."""
        spoken = [
            voice
            for voice in self.parts
            if any(voice.start <= frame.start < voice.stop for frame in self.segment.speech)
        ]
        edges = [self.segment.start, *(voice.start for voice in spoken[1:]), self.segment.stop]
        spans = zip(spoken, pairwise(edges), strict=True) if spoken else ()
        return [(self.segment.part(*span), voice) for voice, span in spans]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a divided utterance."""

    segment: Segment
    voice: Part
    text: Hypothesis | None
    """None: it must be recognised again."""
    speaker_id: int | None = None
    """Whose voice must be extracted. None: nobody's."""


class Utterances:
    """The unanswered utterances by segment id. No id is used twice."""

    def __init__(self, sampled_ids: frozenset[int] = frozenset(), channels: int = 1) -> None:
        """Begin. `sampled_ids` are the speakers whose voice can be extracted."""
        self._sampled_ids = sampled_ids
        self._ids = count()
        self.open_ids = [next(self._ids) for _ in range(channels)]
        """Id of the open utterance of each channel, or of its next one if none is open."""
        self._awaited: dict[int, Awaited] = {}  # in the order in which they ended

    @property
    def oldest(self) -> Segment | None:
        """The first unanswered utterance. None: all are answered."""
        first = next(iter(self._awaited.values()), None)
        return None if first is None else first.segment

    @property
    def unanswered_from(self) -> int | None:
        """Index of the first sample of the unanswered utterances. None: all are answered."""
        return min((each.segment.start for each in self._awaited.values()), default=None)

    def add(self, segment: Segment, wants: StartTranscription = _DEFAULTS) -> int:
        """Take the open utterance of a channel, which is over, with its options. Return its id."""
        segment_id = self.open_ids[segment.channel]
        self.open_ids[segment.channel] = next(self._ids)
        self._awaited[segment_id] = Awaited(segment_id, segment, wants=wants)
        return segment_id

    def without_text(self, segment_id: int) -> Awaited | None:
        """Return this utterance if it is unanswered and has no text yet, else None."""
        awaited = self._awaited.get(segment_id)
        return None if awaited is None or awaited.recognised is not None else awaited

    def take_text(self, event: Recognised) -> None:
        """Store the text of an utterance. Ignore an unknown or answered one."""
        if event.segment_id in self._awaited:
            awaited = self._awaited[event.segment_id]
            self._awaited[event.segment_id] = replace(awaited, recognised=event)

    def take_voice(self, event: Attributed) -> None:
        """Store the voices of an utterance. Ignore an unknown or answered one."""
        if event.segment_id in self._awaited:
            awaited = self._awaited[event.segment_id]
            self._awaited[event.segment_id] = replace(awaited, attributed=event)

    def due(self) -> tuple[list[Awaited], list[Recognise]]:
        """Remove and return the utterances that are ready to be answered, in order.

        Returns:
            The answers, and the parts of divided utterances that must be recognised again.

        """
        answers: list[Awaited] = []
        anew: list[Recognise] = []
        while self._awaited:
            first = next(iter(self._awaited.values()))
            if first.recognised is None or first.attributed is None:
                break
            del self._awaited[first.segment_id]
            parts = first.spoken_parts
            is_divided = len(parts) > 1 or any(self._is_extractable(voice) for _, voice in parts)
            if first.hypothesis is not None and first.hypothesis.text and is_divided:
                anew += self._divide(first, first.hypothesis, parts)
            else:
                voices = (parts[0][1],) if parts else None
                answers.append(replace(first, attributed=Attributed(first.segment_id, voices)))
        return answers, anew

    def _divide(
        self, utterance: Awaited, hypothesis: Hypothesis, parts: Sequence[tuple[Segment, Part]]
    ) -> list[Recognise]:
        """Replace an utterance by its parts. Return the parts that must be recognised again.

        Where the text cannot be divided at an overlap, the overlap is no part of its own: its text
        alone would be worse. An overlap whose voices can be extracted becomes a part for each.
        """
        texts = _texts(utterance.segment, hypothesis, parts)
        voices = [voice for _, voice in parts]
        is_extracted = any(map(self._is_extractable, voices))
        fewer = without_first_overlap(voices) if texts is None and not is_extracted else None
        if fewer is not None:
            undivided = replace(utterance, attributed=Attributed(utterance.segment_id, fewer))
            self._awaited = {utterance.segment_id: undivided, **self._awaited}
            return []
        pieces = [
            piece
            for (segment, voice), text in zip(parts, texts or repeat(None), strict=False)
            for piece in self._pieces(segment, voice, text)
        ]
        ids = [utterance.segment_id, *(next(self._ids) for _ in pieces[1:])]
        anew: list[Recognise] = []
        divided: dict[int, Awaited] = {}
        for part_id, piece in zip(ids, pieces, strict=True):
            recognised = None if piece.text is None else Recognised(part_id, piece.text)
            attributed = Attributed(part_id, (piece.voice,))
            is_last = utterance.ends_utterance and part_id == ids[-1]
            wants, segment = utterance.wants, piece.segment
            divided[part_id] = Awaited(part_id, segment, recognised, attributed, is_last, wants)
            if piece.text is None:
                anew.append(Recognise(part_id, segment, wants.options, piece.speaker_id))
        self._awaited = {**divided, **self._awaited}
        return anew

    def _pieces(self, segment: Segment, voice: Part, text: Hypothesis | None) -> list[_Piece]:
        """Return a part, or a piece for each of its two voices if these can be extracted."""
        if voice.other is None or not self._is_extractable(voice):
            return [_Piece(segment, voice, text)]
        return [
            _Piece(segment, voice.of_one(place), None, voice.speaker_ids[place])
            for place in (voice.nearest, voice.other)
        ]

    def _is_extractable(self, voice: Part) -> bool:
        """Return whether two speak at once in a part, and the voices of both can be extracted."""
        if voice.label is not Label.OVERLAP or voice.other is None:
            return False
        both = voice.speaker_ids[voice.nearest], voice.speaker_ids[voice.other]
        return self._sampled_ids.issuperset(both)


def _texts(
    segment: Segment, hypothesis: Hypothesis, parts: Sequence[tuple[Segment, Part]]
) -> list[Hypothesis] | None:
    """Return the text of each part; None if the text cannot be divided.

    Token times count from the beginning of the part.
    """
    starts_seconds = [(piece.start - segment.start) / SAMPLE_RATE for piece, _ in parts]
    speech_seconds = [piece.speech_samples / SAMPLE_RATE for piece, _ in parts]
    texts = divide(hypothesis, starts_seconds[1:], speech_seconds)
    if texts is None:
        return None
    return [text.earlier(start) for text, start in zip(texts, starts_seconds, strict=True)]


LEAD_SECONDS = 0.1
"""Whisper dates the first word of a new speaker this much before the change of speaker. Values from
0 to 0.2 s give the same result (bench/RESULTS.md)."""

NEAR_SECONDS = 0.6
"""The text is cut at the word that begins nearest to the change, if it is nearer than this."""

MIN_LETTERS_PER_SECOND = 1.5
"""A part with fewer letters lacks text: at times Whisper stops after the first of two voices."""


def divide(
    hypothesis: Hypothesis, changes_seconds: Sequence[float], speech_seconds: Sequence[float]
) -> list[Hypothesis] | None:
    """Divide the text of an utterance among its parts.

    Args:
        hypothesis: text of the whole utterance.
        changes_seconds: boundaries between the parts, ascending, on the tokens' time axis.
        speech_seconds: duration of speech in each part, one more than there are changes.

    Returns:
        One hypothesis per part, with unchanged token times. None if the text cannot be divided: it
        has no tokens, no word begins near a change, or a part would have almost no text.

    """
    tokens = hypothesis.tokens
    cuts = [cut for seconds in changes_seconds if (cut := _cut(tokens, seconds)) is not None]
    if len(cuts) < len(changes_seconds):
        return None
    pieces = [tokens[first:stop] for first, stop in pairwise([0, *cuts, len(tokens)])]
    texts = ["".join(token.text for token in piece).strip() for piece in pieces]
    for text, seconds in zip(texts, speech_seconds, strict=True):
        if sum(letter.isalnum() for letter in text) < MIN_LETTERS_PER_SECOND * seconds:
            return None
    return [
        Hypothesis(text, piece, hypothesis.language)
        for text, piece in zip(texts, pieces, strict=True)
    ]


def _cut(tokens: Sequence[Token], change_seconds: float) -> int | None:
    """Return the token index of the word that begins nearest to a change; None if none is near.

    In a text without spaces, every token counts as a word.
    """
    looked_for = change_seconds - LEAD_SECONDS

    def distance(place: int) -> float:
        return abs(tokens[place].start_seconds - looked_for)

    places = range(1, len(tokens))
    words = [place for place in places if tokens[place].text[:1].isspace()]
    near = [place for place in words or places if distance(place) < NEAR_SECONDS]
    return min(near, key=distance, default=None)
