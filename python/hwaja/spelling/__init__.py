"""Finds what a misspelt name was probably meant to be.

Imports nothing else of hwaja. Begin with `did_you_mean`.
"""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the most similar known name, after a space; empty: none is similar."""
    similar = get_close_matches(name, list(known), n=1)
    return f" Did you mean {similar[0]}?" if similar else ""
