"""Sentences as keys and values, independent of the language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwaja.doctor.strings import STRINGS
from hwaja.language import Language
from hwaja.language.sentences import told_values


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence: a key of `STRINGS` and the values of its placeholders."""

    key: str
    values: Mapping[str, Any]

    def text(self, language: Language) -> str:
        """Return the sentence in a language; a value may be the sentence of an error."""
        values = told_values(self.values, language)
        return STRINGS[language][self.key].format(**values)


def phrase(key: str, /, **values: Any) -> Phrase:
    """Return a sentence with its values."""
    return Phrase(key, values)


def counted(key: str, count: int, **values: object) -> Phrase:
    """Return a sentence about `count` things; `key` has a singular and a plural form."""
    return phrase(f"{key}.{'one' if count == 1 else 'many'}", count=count, **values)
