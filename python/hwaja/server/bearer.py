"""Bearer tokens (RFC 6750): those of a file, and those that a request presents."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from websockets.datastructures import Headers

from hwaja.privacy.ownership import changeable_by, is_readable_by_all
from hwaja.protocol.token_syntax import CHARACTERS, is_token
from hwaja.server.config import ConfigError

MIN_TOKEN_CHARACTERS = 16
"""A shorter one could be guessed."""

_log = structlog.get_logger("hwaja.server.bearer")


class Tokens:
    """The tokens of a file, one a line; empty lines and lines that begin with # are none."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: where it cannot be read, or holds anything else, or nothing.

        """
        self._file = file
        self._digests = frozenset(map(digest_of, read_tokens(file)))
        if is_readable_by_all(file):
            _log.warning("every user of this machine can read the tokens", file=str(file))
        self.when_reloaded: Callable[[], None] = lambda: None
        """Called after each `reload` that could read the file."""

    def reload(self) -> None:
        """Read the file again. One that holds no token any more lets nobody in.

        Raises:
            ConfigError: where it cannot be read, or holds anything else; the tokens stay.

        """
        self._digests = frozenset(map(digest_of, _checked_tokens(self._file)))
        if not self._digests:
            _log.warning("no token is left, so nobody is let in", file=str(self._file))
        self.when_reloaded()

    def among(self, digests: Iterable[bytes]) -> frozenset[bytes]:
        """Return those of these digests that are of a token of the file.

        The time that it takes depends on how a digest is stored, not on the token: who could
        measure it would learn bits of a SHA-256 digest, from which no token can be found.
        """
        return self._digests.intersection(digests)

    def hold_any(self, digests: Iterable[bytes]) -> bool:
        """Return whether one of these digests is of a token of the file; see `among`."""
        return not self._digests.isdisjoint(digests)


def bearers_of(headers: Headers) -> tuple[bytes, ...]:
    """Return the digests of what a request presents as `Authorization: Bearer`."""
    parts = [value.partition(" ") for value in headers.get_all("Authorization")]
    return tuple(digest_of(text.strip()) for scheme, _, text in parts if scheme.lower() == "bearer")


def digest_of(token: str) -> bytes:
    """Return the SHA-256 digest of a token: what is kept of it and compared."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read_tokens(file: Path) -> list[str]:
    """Return the tokens of a file, at least one; see `Tokens`.

    Raises:
        ConfigError: where it cannot be read, or holds anything else, or nothing.

    """
    tokens = _checked_tokens(file)
    if not tokens:
        raise _unusable(file)
    return tokens


def _checked_tokens(file: Path) -> list[str]:
    tokens = _lines_of(file)
    if not all(map(_is_good, tokens)):
        raise _unusable(file)
    return tokens


def _unusable(file: Path) -> ConfigError:
    return ConfigError(
        f"{file} must hold tokens, one a line, of at least {MIN_TOKEN_CHARACTERS} "
        f"{CHARACTERS} and nothing else: browsers cannot send / or =; "
        "`openssl rand -hex 32` makes one."
    )


def _lines_of(file: Path) -> list[str]:
    try:
        if fault := changeable_by(file):
            raise ConfigError(f"{file} {fault}, who could let anybody in: see docs/deployment.md.")
        lines = file.read_text(encoding="ascii", errors="replace").split("\n")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_good(token: str) -> bool:
    return len(token) >= MIN_TOKEN_CHARACTERS and is_token(token)
