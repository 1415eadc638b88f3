"""Whisper's tokens: the vocabulary of a model folder, text from tokens, and tokens with times.

A token of text is a piece: some bytes, which may begin or end within a character.
"""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.protocol.values import Token

_START, _LAST_LANGUAGE_BEFORE = "<|startoftranscript|>", "<|translate|>"
_FILES = ("vocabulary.json", "vocabulary.txt")  # CTranslate2 looks for them in this order
_WORD = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
"""No token crosses the boundary of such a word (GPT-2's pattern)."""
_NEEDED = (_START, "<|endoftext|>", _LAST_LANGUAGE_BEFORE, "<|transcribe|>", "<|notimestamps|>")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a model, by number."""

    pieces: tuple[bytes, ...]
    """The bytes of each token of text; they come first."""
    special: Mapping[str, int]
    """The other tokens, for example "<|ko|>"."""
    count: int
    """Number of all tokens."""

    @cached_property
    def language_tokens(self) -> Mapping[str, int]:
        """Language token by language code; these are between the start token and the tasks."""
        first, last = self.special[_START], self.special[_LAST_LANGUAGE_BEFORE]
        return {
            name.strip("<|>"): number
            for name, number in self.special.items()
            if first < number < last
        }

    def languages(self, *, multilingual: bool) -> frozenset[str]:
        """Return the codes of the languages, with "auto" where the model can detect one."""
        if not multilingual:
            return frozenset({"en"})
        return frozenset({*self.language_tokens, AUTO_LANGUAGE})

    def prompt(self, language: str | None) -> list[int]:
        """Return the tokens before the text.

        Args:
            language: a code of the model; None for a model that knows English only.

        """
        start, end = self.special[_START], self.special["<|notimestamps|>"]
        if language is None:
            return [start, end]
        return [start, self.language_tokens[language], self.special["<|transcribe|>"], end]

    @cached_property
    def _numbers(self) -> Mapping[bytes, int]:
        return {piece: number for number, piece in enumerate(self.pieces)}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text by byte-pair encoding.

        The tokens were numbered in the order in which the encoding was trained to merge pairs, so
        the pair that makes the token with the lowest number is merged first.

        Raises:
            KeyError: where the vocabulary lacks a byte; Whisper's have all.

        """
        return [token for word in _WORD.findall(text) for token in self._encode(word.encode())]

    def _encode(self, word: bytes) -> list[int]:
        parts = [word[k : k + 1] for k in range(len(word))]
        while pairs := [
            (self._numbers[pair], k)
            for k in range(len(parts) - 1)
            if (pair := parts[k] + parts[k + 1]) in self._numbers
        ]:
            _, k = min(pairs)
            parts[k : k + 2] = [parts[k] + parts[k + 1]]
        return [self._numbers[part] for part in parts]

    def of_text(self, tokens: Sequence[int]) -> list[int]:
        """Return the tokens of text among `tokens`."""
        return [token for token in tokens if token < len(self.pieces)]

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens of text; invalid UTF-8 bytes are removed."""
        return b"".join(self.pieces_of(tokens)).decode(errors="ignore").strip()

    def pieces_of(self, tokens: Sequence[int]) -> list[bytes]:
        """Return the pieces of tokens of text."""
        return [self.pieces[token] for token in tokens]


def read_vocabulary(folder: Path) -> Vocabulary:
    """Read the vocabulary of a CTranslate2 folder: vocabulary.json, or vocabulary.txt.

    Raises:
        EngineError: where the folder has none, or it is not Whisper's.

    """
    file = next((folder / name for name in _FILES if (folder / name).is_file()), None)
    if file is None:
        raise EngineError(f"{folder} has no vocabulary.json.")
    try:
        names = _names(file)
        end = names.index("<|endoftext|>")
        bytes_of = _byte_of_character()
        pieces = tuple(bytes(bytes_of[character] for character in name) for name in names[:end])
        special = {name: number for number, name in enumerate(names) if number >= end}
    except (OSError, ValueError, KeyError, msgspec.DecodeError, RecursionError):
        raise EngineError(f"{file} is not the vocabulary of a Whisper model.") from None
    if any(name not in special for name in _NEEDED):
        raise EngineError(f"{file} lacks special tokens of Whisper.")
    return Vocabulary(pieces, special, len(names))


def _names(file: Path) -> list[str]:
    content = file.read_bytes()
    if file.suffix == ".json":
        return msgspec.json.decode(content, type=list[str])
    return content.decode().rstrip("\n").split("\n")


def timed(
    pieces: Sequence[bytes], start_seconds: Sequence[float], probabilities: Sequence[float]
) -> tuple[Token, ...]:
    """Return pieces as tokens. A character belongs to the piece in which it begins.

    Args:
        pieces: the pieces of a text.
        start_seconds: start time of each piece.
        probabilities: probability of each piece, in [0, 1].

    """
    parts = zip(_whole_characters(pieces), start_seconds, probabilities, strict=True)
    return tuple(Token(text, seconds, probability) for text, seconds, probability in parts if text)


def _whole_characters(pieces: Sequence[bytes]) -> list[str]:
    """Return the characters that begin in each piece, without invalid UTF-8 bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    texts = [""] * len(pieces)
    begun = 0  # the piece in which the next character begins
    for index, piece in enumerate(pieces):
        if not decoder.getstate()[0]:
            begun = index
        characters = decoder.decode(piece)
        texts[begun] += characters[:1]
        texts[index] += characters[1:]
        if characters:
            begun = index
    return texts


def _byte_of_character() -> dict[str, int]:
    """Return the inverse of GPT-2's byte encoding.

    A printable byte is its own character. Each other byte is the next of 256, 257, ...
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    spelled = {chr(0x100 + index): byte for index, byte in enumerate(others)}
    return spelled | {chr(byte): byte for byte in printable}
