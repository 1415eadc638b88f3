"""Sentences as keys and values, independent of the language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hwaja.doctor.strings import STRINGS

Language = Literal["ko", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence: a key of `STRINGS` and the values of its placeholders."""

    key: str
    values: Mapping[str, Any]

    def text(self, language: Language) -> str:
        """Return the sentence in a language."""
        return STRINGS[language][self.key].format(**self.values)


def phrase(key: str, /, **values: Any) -> Phrase:
    """Return a sentence with its values."""
    return Phrase(key, values)


def counted(key: str, count: int, **values: object) -> Phrase:
    """Return a sentence about `count` things; `key` has a singular and a plural form."""
    return phrase(f"{key}.{'one' if count == 1 else 'many'}", count=count, **values)


def of_locale(environment: Mapping[str, str]) -> Language:
    """Return Korean where the POSIX locale for messages is Korean, else English."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return "ko" if re.match(r"ko(_|\.|$)", locale) else "en"
