"""Bearer tokens (RFC 6750): those of a file, and those that a request presents."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from pathlib import Path

from websockets.datastructures import Headers

from hwaja.config import ConfigError

MIN_TOKEN_CHARACTERS = 16
"""A shorter one could be guessed."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What RFC 6750, section 2.1, allows."""


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
        tokens = _tokens_of(self._file)
        if not tokens or not all(map(_is_good, tokens)):
            raise ConfigError(
                f"{self._file} must hold tokens, one a line, of at least {MIN_TOKEN_CHARACTERS} "
                "letters, digits or -._~+/ and nothing else; `openssl rand -hex 32` makes one."
            )
        self._digests = tuple(map(_digest, tokens))

    def hold_any(self, bearers: Sequence[str]) -> bool:
        """Return whether one of these is among them, in the same time whichever it is, if any."""
        digests = [_digest(bearer) for bearer in bearers]
        found = [hmac.compare_digest(one, held) for one in digests for held in self._digests]
        return any(found)


def bearers_of(headers: Headers) -> tuple[str, ...]:
    """Return what a request presents as `Authorization: Bearer`."""
    parts = [value.partition(" ") for value in headers.get_all("Authorization")]
    return tuple(token.strip() for scheme, _, token in parts if scheme.lower() == "bearer")


def _tokens_of(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").split("\n")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_good(token: str) -> bool:
    return len(token) >= MIN_TOKEN_CHARACTERS and _TOKEN.fullmatch(token) is not None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
