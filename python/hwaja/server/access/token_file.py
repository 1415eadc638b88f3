"""Reads the file of bearer tokens: a server accepts all of them, a client sends the first."""

from pathlib import Path

from hwaja.privacy.ownership import changeable_by
from hwaja.protocol.token_syntax import CHARACTERS, is_token
from hwaja.server.config import ConfigError

MIN_TOKEN_CHARACTERS = 16
"""A shorter one could be guessed."""


def read_tokens(file: Path) -> list[str]:
    """Return the tokens of a file, at least one. Each line holds one token.

    Empty lines and comments are skipped.

    Raises:
        ConfigError: where the file cannot be read, has an invalid line, or has no token.

    """
    tokens = checked_tokens(file)
    if not tokens:
        raise _unusable(file)
    return tokens


def checked_tokens(file: Path) -> list[str]:
    """Return the tokens of a file; the list may be empty.

    Raises:
        ConfigError: where the file cannot be read or has an invalid line.

    """
    tokens = _lines_of(file)
    if not all(map(_is_good, tokens)):
        raise _unusable(file)
    return tokens


def first_token(file: Path) -> str:
    """Return the token that a client sends: the first of a file.

    It may be short, as the access code of `--lan` is: the server judges it.

    Raises:
        ConfigError: where the file cannot be read, or its first line holds no token.

    """
    lines = _lines_of(file)
    if not (lines and is_token(lines[0])):
        raise ConfigError(f"{file} must begin with a token or an access code: {CHARACTERS}.")
    return lines[0]


def _unusable(file: Path) -> ConfigError:
    return ConfigError(
        f"{file} must contain only tokens, one per line, each of at least {MIN_TOKEN_CHARACTERS} "
        f"{CHARACTERS}: browsers cannot send / or =; `openssl rand -hex 32` makes a token."
    )


def _lines_of(file: Path) -> list[str]:
    try:
        if fault := changeable_by(file):
            raise ConfigError(f"{file} {fault} and is not safe to use: see docs/deployment.md.")
        lines = file.read_text(encoding="ascii", errors="replace").split("\n")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_good(token: str) -> bool:
    return len(token) >= MIN_TOKEN_CHARACTERS and is_token(token)
