"""The utterances of one transcription that are being answered: what is known of each, in order.

An utterance has its text from one place and its speakers from another. Where several speak in it,
it is divided into parts, and each is answered as if it were an utterance of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Token
from hwaja.session.events import Attributed, Recognise, Recognised
from hwaja.speakers.parts import Part
from hwaja.vad.gate import Segment


@dataclass(frozen=True, slots=True)
class Awaited:
    """An utterance, or a part of one, and what is known of it."""

    segment_id: int
    segment: Segment
    recognised: Recognised | None = None
    attributed: Attributed | None = None
    ends_utterance: bool = True
    """Whether it is the last part of its utterance."""

    @property
    def heard(self) -> Hypothesis | None:
        """Its text; None where the engine failed on it, or while it is awaited."""
        return None if self.recognised is None else self.recognised.heard

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its voices, in order; none where the engine failed on them, or while they are awaited."""
        return (self.attributed and self.attributed.parts) or ()

    @property
    def voice(self) -> Part | None:
        """The first of its voices; None where the engine failed on them."""
        return next(iter(self.parts), None)

    @property
    def spoken_parts(self) -> list[tuple[Segment, Part]]:
        """The parts in which something is said; together they are all of it."""
        spoken = [
            voice
            for voice in self.parts
            if any(voice.start <= frame.start < voice.stop for frame in self.segment.speech)
        ]
        edges = [self.segment.start, *(voice.start for voice in spoken[1:]), self.segment.stop]
        spans = zip(spoken, pairwise(edges), strict=True) if spoken else ()
        return [(self.segment.part(*span), voice) for voice, span in spans]


class Utterances:
    """Known by their segment ids, which are never used twice."""

    def __init__(self) -> None:
        self._ids = count()
        self.open_id = next(self._ids)
        """The id of the utterance that is being spoken, or will be next."""
        self._awaited: dict[int, Awaited] = {}  # in the order of speech

    @property
    def oldest(self) -> Segment | None:
        """The first that is not answered; None where all are."""
        first = next(iter(self._awaited.values()), None)
        return None if first is None else first.segment

    def add(self, segment: Segment) -> int:
        """Take the utterance that was being spoken and is over; return its id."""
        segment_id, self.open_id = self.open_id, next(self._ids)
        self._awaited[segment_id] = Awaited(segment_id, segment)
        return segment_id

    def lacks_text(self, segment_id: int) -> bool:
        """Return whether this one is awaited, and its text is."""
        awaited = self._awaited.get(segment_id)
        return awaited is not None and awaited.recognised is None

    def take_text(self, event: Recognised) -> None:
        """Learn the text of an utterance; one that is not awaited is ignored."""
        if event.segment_id in self._awaited:
            awaited = self._awaited[event.segment_id]
            self._awaited[event.segment_id] = replace(awaited, recognised=event)

    def take_voice(self, event: Attributed) -> None:
        """Learn who speaks in an utterance; one that is not awaited is ignored."""
        if event.segment_id in self._awaited:
            awaited = self._awaited[event.segment_id]
            self._awaited[event.segment_id] = replace(awaited, attributed=event)

    def due(self) -> tuple[list[Awaited], list[Recognise]]:
        """Return what can be answered, in order, and what must be recognised before the rest."""
        answers: list[Awaited] = []
        anew: list[Recognise] = []
        while self._awaited:
            first = next(iter(self._awaited.values()))
            if first.recognised is None or first.attributed is None:
                break
            del self._awaited[first.segment_id]
            parts = first.spoken_parts
            if first.heard is not None and first.heard.text and len(parts) > 1:
                anew += self._divide(first, first.heard, parts)
            else:
                voices = (parts[0][1],) if parts else None
                answers.append(replace(first, attributed=Attributed(first.segment_id, voices)))
        return answers, anew

    def _divide(
        self, utterance: Awaited, heard: Hypothesis, parts: Sequence[tuple[Segment, Part]]
    ) -> list[Recognise]:
        """Put the parts of an utterance in its place; return those whose text is not known."""
        ids = [utterance.segment_id, *(next(self._ids) for _ in parts[1:])]
        texts = _texts(utterance.segment, heard, [piece for piece, _ in parts])
        anew: list[Recognise] = []
        divided: dict[int, Awaited] = {}
        for part_id, (piece, voice), text in zip(ids, parts, texts, strict=True):
            recognised = None if text is None else Recognised(part_id, text)
            attributed = Attributed(part_id, (voice,))
            is_last = utterance.ends_utterance and part_id == ids[-1]
            divided[part_id] = Awaited(part_id, piece, recognised, attributed, is_last)
            if text is None:
                anew.append(Recognise(part_id, piece))
        self._awaited = {**divided, **self._awaited}
        return anew


def _texts(
    segment: Segment, heard: Hypothesis, pieces: Sequence[Segment]
) -> Sequence[Hypothesis | None]:
    """Return the text of each part, its tokens dated from there; None where it is not known."""
    starts_seconds = [(piece.start - segment.start) / SAMPLE_RATE for piece in pieces]
    speech_seconds = [piece.speech_samples / SAMPLE_RATE for piece in pieces]
    texts = divide(heard, starts_seconds[1:], speech_seconds)
    if texts is None:
        return [None] * len(pieces)
    return [text.earlier(start) for text, start in zip(texts, starts_seconds, strict=True)]


LEAD_SECONDS = 0.1
"""How far before a change of speaker the next one's first word is dated by Whisper. From 0 to 0.2 s
nothing changes (bench/RESULTS.md)."""

NEAR_SECONDS = 0.6
"""A change is told by the word that begins nearest to it, if one begins as near as this."""

MIN_LETTERS_PER_SECOND = 1.5
"""A part with fewer was left out: at times Whisper ends after the first of two voices."""


def divide(
    hypothesis: Hypothesis, changes_seconds: Sequence[float], speech_seconds: Sequence[float]
) -> list[Hypothesis] | None:
    """Return what was said in each part of an utterance.

    Args:
        hypothesis: of all of it.
        changes_seconds: where one part ends and the next begins, ascending, dated like the tokens.
        speech_seconds: how much is said in each part, one more than there are changes.

    Returns:
        One for each part, their tokens dated as they were; None where the tokens do not tell: there
        are none, no word begins near a change, or a part would have next to no text.

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
    """Return the place of the word that begins nearest to a change; None if none is near.

    Where nothing is between words, every token is one.
    """
    looked_for = change_seconds - LEAD_SECONDS

    def distance(place: int) -> float:
        return abs(tokens[place].start_seconds - looked_for)

    places = range(1, len(tokens))
    words = [place for place in places if tokens[place].text[:1].isspace()]
    near = [place for place in words or places if distance(place) < NEAR_SECONDS]
    return min(near, key=distance, default=None)
