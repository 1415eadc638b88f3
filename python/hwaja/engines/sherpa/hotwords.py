"""Encodes hotwords for sherpa-onnx and rejects what it cannot encode.

sherpa-onnx itself would drop such a hotword and log it in plain text.
"""

import math
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hwaja.engines.interface import EngineError
from hwaja.engines.sherpa.sentencepiece import find_pieces
from hwaja.protocol.values import Hotword

_SPECIAL = frozenset("/:#@")
"""sherpa-onnx's separators of hotwords and marks of a score, a threshold or a phrase."""

_PROMPT_MARKS = re.compile(r"[,<>|\[\]]|[^\S ]|[\x00-\x1f\x7f]")

_MAX_BOOST = 100.0
_WORD_BOUNDARY = "▁"  # first character of a word's first piece in SentencePiece's notation


@dataclass(frozen=True, slots=True)
class HotwordUnits:
    """The units that a model's hotwords are encoded in."""

    modeling_unit: str
    """sherpa-onnx's name of the unit: "cjkchar" for single characters, "bpe" for pieces."""
    characters: frozenset[str]
    scores: Mapping[str, float] = field(default_factory=dict)
    """Scores of the pieces, for "bpe"."""


def hotword_units(tokens: Collection[str], folder: Path) -> HotwordUnits | None:
    """Return the units for a model's hotwords; None where they are unknown.

    Args:
        tokens: all tokens of the model.
        folder: the model's folder. It has bpe.vocab or bpe.model if the tokens are pieces of words.

    Raises:
        EngineError: where that file does not match the tokens.

    """
    words = {token for token in tokens if not _is_symbol(token)}
    if all(len(word) == 1 for word in words):
        # sherpa-onnx would take adjacent ASCII letters for one token.
        return HotwordUnits("cjkchar", frozenset(word for word in words if not word.isascii()))
    scores = find_pieces(folder)
    if scores is None:
        return None
    pieces = {piece for piece in scores if not _is_symbol(piece)}
    if not pieces <= words:
        raise EngineError(f"{folder} has SentencePiece's pieces of another model.")
    # A word needs the boundary as a piece where no longer piece begins the word.
    usable = {piece for piece in pieces if len(piece) == 1 and _WORD_BOUNDARY in pieces}
    return HotwordUnits("bpe", frozenset(usable - {_WORD_BOUNDARY} - _SPECIAL), scores)


def encode_hotwords(hotwords: Sequence[Hotword], units: HotwordUnits) -> str:
    """Return hotwords in sherpa-onnx's notation.

    Raises:
        EngineError: where a hotword is empty, has a character of the notation or one that the
            model cannot write, or has a boost that is not between 0 and 100.

    """
    return "/".join(_encode(hotword, units) for hotword in hotwords)


def prompt_words(hotwords: Sequence[Hotword]) -> str:
    """Return hotwords as sherpa-onnx takes them for a prompt: separated by commas.

    Characters that would end a word or begin a mark of the model's become spaces.
    """
    words = (" ".join(_PROMPT_MARKS.sub(" ", hotword.text).split()) for hotword in hotwords)
    return ",".join(word for word in words if word)


@contextmanager
def hotword_arguments(units: HotwordUnits | None) -> Iterator[dict[str, str]]:
    """Yield the arguments of sherpa-onnx's constructors for hotwords.

    Pieces are passed in a file that is read once.
    """
    if units is None:
        yield {}
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".vocab") as file:
        file.writelines(f"{piece}\t{score}\n" for piece, score in units.scores.items())
        file.flush()
        vocabulary = file.name if units.scores else ""
        yield {"modeling_unit": units.modeling_unit, "bpe_vocab": vocabulary}


def _encode(hotword: Hotword, units: HotwordUnits) -> str:
    words = hotword.text.split()
    if not words:
        raise EngineError("a hotword is empty")
    if not hotword.text.replace(" ", "").isprintable() or set(hotword.text) & _SPECIAL:
        raise EngineError("a hotword has a line break, a control character or one of / : # @")
    if not units.characters.issuperset("".join(words)):
        raise EngineError("a hotword has a character that the model does not write")
    if hotword.boost is None:
        return " ".join(words)
    if not (math.isfinite(hotword.boost) and 0 < hotword.boost <= _MAX_BOOST):
        raise EngineError(f"the boost of a hotword is above 0 and at most {_MAX_BOOST:g}")
    return f"{' '.join(words)} :{hotword.boost:.4f}"


def _is_symbol(token: str) -> bool:
    return len(token) > 2 and token[0] == "<" and token[-1] == ">"
