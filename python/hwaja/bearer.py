"""Bearer tokens (RFC 6750): those of a file, and those that a request presents."""

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

from websockets.datastructures import Headers

from hwaja.config import ConfigError
from hwaja.token_syntax import CHARACTERS, is_token

MIN_TOKEN_CHARACTERS = 16
"""A shorter one could be guessed."""


class Tokens:
    """The tokens of a file, one a line; empty lines and lines that begin with # are none."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: where it cannot be read, or holds anything else, or nothing.

        """
        self._file = file
        self._digests: tuple[bytes, ...] = ()
        self.reload()

    def reload(self) -> None:
        """Read the file again.

        Raises:
            ConfigError: as above; the tokens stay as they were.

        """
        self._digests = tuple(map(_digest, read_tokens(self._file)))

    def hold_any(self, bearers: Sequence[str]) -> bool:
        """Return whether one of these is among them, in the same time whichever it is, if any."""
        digests = [_digest(bearer) for bearer in bearers]
        found = [hmac.compare_digest(one, held) for one in digests for held in self._digests]
        return any(found)


def bearers_of(headers: Headers) -> tuple[str, ...]:
    """Return what a request presents as `Authorization: Bearer`."""
    parts = [value.partition(" ") for value in headers.get_all("Authorization")]
    return tuple(token.strip() for scheme, _, token in parts if scheme.lower() == "bearer")


def read_tokens(file: Path) -> list[str]:
    """Return the tokens of a file, at least one; see `Tokens`.

    Raises:
        ConfigError: where it cannot be read, or holds anything else, or nothing.

    """
    tokens = _lines_of(file)
    if not tokens or not all(map(_is_good, tokens)):
        raise ConfigError(
            f"{file} must hold tokens, one a line, of at least {MIN_TOKEN_CHARACTERS} "
            f"{CHARACTERS} and nothing else: browsers cannot send / or =; "
            "`openssl rand -hex 32` makes one."
        )
    return tokens


def _lines_of(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").split("\n")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_good(token: str) -> bool:
    return len(token) >= MIN_TOKEN_CHARACTERS and is_token(token)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
