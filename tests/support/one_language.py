"""Checks that what a command prints for a person is in one language."""

import re
from contextlib import suppress

import pytest

from hwaja.cli.main import main
from hwaja.language import Language

HANGUL = re.compile("[가-힣]")

WORDS = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)+")
"""Two words or more of a language with these letters."""

VALUES = re.compile(
    r"pip install '?[\w\[\],.]+'?|apt install \w+|dnf install [\w-]+|brew install [\w-]+"
    r"|hwaja[ -]\w[^가-힣]*|Debian, Ubuntu|openssl rand -hex"
    r"|OTLP over HTTP|PROXY|Silero VAD|https?://\S+|python -m sounddevice"
)
"""Commands, names and addresses, which no language has words of its own for."""


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints before it ends."""
    with suppress(SystemExit):
        main(list(arguments))
    captured = capsys.readouterr()
    return captured.out + captured.err


def assert_in_one_language(text: str, language: Language, *given: str) -> None:
    """Check that a text has no words of the other language, but for values that were given."""
    for value in given:
        text = text.replace(value, "")
    if language == "en":
        assert not HANGUL.search(text), text
        assert re.search("[a-z]{2}", text)
        return
    for line in VALUES.sub("", text).splitlines():
        assert not WORDS.search(line), line
    assert HANGUL.search(text), text
