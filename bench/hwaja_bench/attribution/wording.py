"""Measures whether words have the right speaker: error rates and shares of characters."""

from dataclasses import dataclass
from itertools import permutations

from hwaja.selection.error_counts import edits, normalise, reading_edits
from hwaja_bench.attribution.conversation import Conversation
from hwaja_bench.attribution.decisions import SessionResult
from hwaja_bench.speech.texts import aligned


@dataclass(frozen=True, slots=True)
class Wording:
    """Text errors of one conversation, in characters."""

    reference_chars: int
    edits: int
    """Edits between all reference and all recognised text without speakers: the CER numerator."""
    edits_by_speaker: int
    """Edits between reference and recognised text per speaker: cpCER with enrolled voices."""
    edits_by_best_speaker: int
    """The same, with the speakers swapped where that gives fewer edits: cpCER as in diarization."""
    aligned_chars: int
    """Recognised characters that are aligned with a reference character, correct or not."""
    right_speaker_chars: int
    """Aligned characters whose answer has the right speaker."""
    reading_edits: int
    reading_chars: int
    """See `reading_edits`: kocer's numerator and denominator."""


def wording(conversation: Conversation, heard: SessionResult) -> Wording | None:
    """Compare texts; None without reference texts."""
    if any(turn.clip.text is None for turn in conversation.turns):
        return None
    said = _by_char([(turn.speaker_id, turn.clip.text or "") for turn in conversation.turns])
    found = _by_char([(answer.speaker_id, answer.text) for answer in heard.decisions])
    sides = [[_of_speaker(chars, i) for i in (0, 1)] for chars in (said, found)]
    by_speaker = [
        sum(edits(r, h) for r, h in zip(sides[0], order, strict=True))
        for order in permutations(sides[1])
    ]
    pairs = aligned(_text(said), _text(found))
    return Wording(
        len(said),
        edits(_text(said), _text(found)),
        by_speaker[0],
        min(by_speaker),
        len(pairs),
        sum(said[i][0] == found[j][0] for i, j in pairs),
        *reading_edits(
            (turn.clip.text or "" for turn in conversation.turns),
            (answer.text for answer in heard.decisions),
        ),
    )


Chars = list[tuple[int, str]]
"""Characters with their speakers."""


def _by_char(lines: list[tuple[int, str]]) -> Chars:
    return [(speaker_id, char) for speaker_id, text in lines for char in normalise(text)]


def _of_speaker(chars: Chars, speaker_id: int) -> str:
    return "".join(char for speaker, char in chars if speaker == speaker_id)


def _text(chars: Chars) -> str:
    return "".join(char for _, char in chars)
