"""Hotwords as sherpa-onnx wants them; it drops what it cannot encode, and logs it in plain text."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwaja.engines.interface import EngineError
from hwaja.engines.sentencepiece import find_pieces
from hwaja.protocol.values import Hotword

_SPECIAL = frozenset("/:#@")
"""Separates hotwords, or begins a score, a threshold, a phrase in sherpa-onnx's notation."""

_MAX_BOOST = 100.0
_WORD_BOUNDARY = "▁"  # begins a word's first piece in SentencePiece's notation


@dataclass(frozen=True, slots=True)
class HotwordUnits:
    """What a hotword may be made of."""

    modeling_unit: str
    """sherpa-onnx's name: "cjkchar" for single characters, "bpe" for pieces."""
    characters: frozenset[str]
    scores: Mapping[str, float] = field(default_factory=dict)
    """Of the pieces, for "bpe"."""


def hotword_units(tokens: Collection[str], folder: Path) -> HotwordUnits | None:
    """Return what hotwords for a model may be made of; None where it cannot be known.

    Args:
        tokens: all that it writes.
        folder: of the model; with bpe.vocab or bpe.model where it writes pieces of words.

    Raises:
        EngineError: where that file does not belong to the tokens.

    """
    words = {token for token in tokens if not _is_symbol(token)}
    if all(len(word) == 1 for word in words):
        # Letters of ASCII side by side would be taken for one token.
        return HotwordUnits("cjkchar", frozenset(word for word in words if not word.isascii()))
    scores = find_pieces(folder)
    if scores is None:
        return None
    pieces = {piece for piece in scores if not _is_symbol(piece)}
    if not pieces <= words:
        raise EngineError(f"{folder} has SentencePiece's pieces of another model.")
    # Without the boundary alone, a word could not be spelt where no longer piece begins it.
    usable = {piece for piece in pieces if len(piece) == 1 and _WORD_BOUNDARY in pieces}
    return HotwordUnits("bpe", frozenset(usable - {_WORD_BOUNDARY} - _SPECIAL), scores)


def encode_hotwords(hotwords: Sequence[Hotword], units: HotwordUnits) -> str:
    """Return hotwords in sherpa-onnx's notation.

    Raises:
        EngineError: where one is empty, has characters that mean something in the notation or
            that the model cannot write, or a boost that is not between 0 and 100.

    """
    return "/".join(_encode(hotword, units) for hotword in hotwords)


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
