"""Whether the words are with the right speaker: character error rates, and shares of characters.

Texts are compared without spaces, punctuation and case.
"""

import unicodedata
from dataclasses import dataclass
from itertools import permutations

from rapidfuzz.distance import Levenshtein

from hwaja.benchmark.conversation import Conversation
from hwaja.benchmark.decisions import Heard


@dataclass(frozen=True, slots=True)
class Wording:
    """What the texts of one conversation come to, in characters."""

    reference_chars: int
    edits: int
    """Between all that was said and all that was heard, whoever said it: the CER's numerator."""
    edits_by_speaker: int
    """Between what each speaker said and what was heard of them: cpCER with enrolled voices."""
    edits_by_best_speaker: int
    """The same, with the speakers exchanged where that is better: cpCER as in diarization."""
    aligned_chars: int
    """Characters heard that stand for one that was said, right or wrong."""
    right_speaker_chars: int
    """Those of them whose answer names who said it."""


def wording(conversation: Conversation, heard: Heard) -> Wording | None:
    """Compare texts; None where those of the reference are not known."""
    if any(turn.clip.text is None for turn in conversation.turns):
        return None
    said = _by_char([(turn.speaker_id, turn.clip.text or "") for turn in conversation.turns])
    found = _by_char([(answer.speaker_id, answer.text) for answer in heard.decisions])
    sides = [[_of_speaker(chars, i) for i in (0, 1)] for chars in (said, found)]
    edits = [
        sum(Levenshtein.distance(r, h) for r, h in zip(sides[0], order, strict=True))
        for order in permutations(sides[1])
    ]
    blocks = Levenshtein.opcodes(_text(said), _text(found))
    aligned = [
        (said[block.src_start + i][0], found[block.dest_start + i][0])
        for block in blocks
        if block.tag in ("equal", "replace")
        for i in range(block.src_end - block.src_start)
    ]
    return Wording(
        len(said),
        Levenshtein.distance(_text(said), _text(found)),
        edits[0],
        min(edits),
        len(aligned),
        sum(speaker == answered for speaker, answered in aligned),
    )


def normalise(text: str) -> str:
    """Return the letters and digits of a text, composed, in one case."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in composed if char.isalnum())


Chars = list[tuple[int, str]]
"""Characters, each with who says it."""


def _by_char(lines: list[tuple[int, str]]) -> Chars:
    return [(speaker_id, char) for speaker_id, text in lines for char in normalise(text)]


def _of_speaker(chars: Chars, speaker_id: int) -> str:
    return "".join(char for speaker, char in chars if speaker == speaker_id)


def _text(chars: Chars) -> str:
    return "".join(char for _, char in chars)
