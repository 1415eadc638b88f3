"""What is said, apart from the language that it is said in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from hwaja.doctor.strings import STRINGS

Language = Literal["ko", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, as the key of `STRINGS` and what is filled in."""

    key: str
    values: Mapping[str, Any]

    def text(self, language: Language) -> str:
        """Return the sentence."""
        return STRINGS[language][self.key].format(**self.values)


def said(key: str, /, **values: Any) -> Said:
    """Return a sentence with its values."""
    return Said(key, values)


def counted(key: str, count: int) -> Said:
    """Return a sentence about `count` things: `key` has a form for one and a form for many."""
    return said(f"{key}.{'one' if count == 1 else 'many'}", count=count)


def of_locale(environment: Mapping[str, str]) -> Language:
    """Return the language of the user's messages, as POSIX finds it; English for any but Korean."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return "ko" if re.match(r"ko(_|\.|$)", locale) else "en"
