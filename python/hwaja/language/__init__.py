"""The languages that hwaja speaks to a person at a terminal: Korean and English.

Imports nothing else of hwaja. Begin with `Text`, a text in both languages. `sentences` says in
Korean what errors, argparse and the system say in English; the tables of `korean` have the pairs.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, get_args

Language = Literal["ko", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

Choose = Callable[[str, str], str]
"""Takes a text in English and in Korean, and returns one of them."""


class Text(NamedTuple):
    """A text in both languages."""

    english: str
    korean: str

    def said_in(self, language: Language) -> str:
        """Return the text in a language."""
        return self.korean if language == "ko" else self.english


def chooser(language: Language) -> Choose:
    """Return what chooses the text of a language."""
    return lambda english, korean: Text(english, korean).said_in(language)


def of_locale(environment: Mapping[str, str]) -> Language:
    """Return Korean where the POSIX locale for messages is Korean, else English."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return "ko" if re.match(r"ko(_|\.|$)", locale) else "en"
