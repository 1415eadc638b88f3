"""Says in Korean what errors, argparse and the system say in English.

An error is English where it is raised: in a traceback, in the log, and on its way from a worker or
another process, where it is a finished sentence. Only a command that prints it for a person
translates it. It finds the sentence by its pattern in the tables. Some placeholders hold further
sentences, or parts of them; the others hold names, which stay as they are.
"""

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any

from hwaja.language import Language
from hwaja.language.korean import arguments, client, engines, exports, models, server, system

HOLD_SENTENCES = frozenset(
    {
        *("error", "reason", "fault", "sentence"),
        *(
            "again",
            "characters",
            "code",
            "example",
            "install",
            "kept",
            "kind",
            "option",
            "part",
            "source",
        ),
    }
)
"""Names of placeholders that hold sentences or parts of them."""

TABLES = (arguments, client, engines, exports, models, server, system)


def told(error: object, language: Language) -> str:
    """Return what an error, or a sentence, says in a language; as it is where no table has it."""
    return _in_korean(str(error)) if language == "ko" else str(error)


def told_values(values: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Return the values of placeholders by name, and those that hold sentences in a language."""
    return {
        name: told(value, language) if name in HOLD_SENTENCES else value
        for name, value in values.items()
    }


def _pattern_of(sentence: str) -> re.Pattern[str]:
    """Return the pattern of a sentence with placeholders; each is a group of its name."""
    parts = (
        re.escape(literal) + (f"(?P<{name}>.+?)" if name else "")
        for literal, name, _, _ in Formatter().parse(sentence)
    )
    return re.compile("".join(parts), re.DOTALL)


def _in_korean(sentence: str) -> str:
    for pattern, korean in _patterns():
        if found := pattern.fullmatch(sentence):
            return korean.format(**told_values(found.groupdict(), "ko"))
    return sentence


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences as patterns, the most specific first."""
    pairs = [pair for table in TABLES for pair in table.SENTENCES.items()]
    pairs.sort(key=lambda pair: len(re.sub(r"\{\w+\}", "", pair[0])), reverse=True)
    return tuple((_pattern_of(english), korean) for english, korean in pairs)
