"""Bearer tokens (RFC 6750): those of a file, and those that a request presents."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from websockets.datastructures import Headers

from hwaja.privacy.ownership import is_readable_by_all
from hwaja.server.token_file import checked_tokens, read_tokens

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
        self._digests = frozenset(map(digest_of, checked_tokens(self._file)))
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
