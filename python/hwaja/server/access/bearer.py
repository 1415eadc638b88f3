"""Bearer tokens (RFC 6750) of the token file, and of a request."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from websockets.datastructures import Headers

from hwaja.privacy.ownership import is_readable_by_all
from hwaja.server.access.token_file import checked_tokens, read_tokens

_log = structlog.get_logger("hwaja.server.access.bearer")


class Tokens:
    """The tokens of a file, one a line. Empty lines and lines that begin with # are skipped."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            ConfigError: where the file cannot be read, has an invalid line, or has no token.

        """
        self._file = file
        self._digests = frozenset(map(digest_of, read_tokens(file)))
        if is_readable_by_all(file):
            _log.warning("every user of this machine can read the tokens", file=str(file))
        self.on_reload: Callable[[], None] = lambda: None
        """Called after each successful `reload`."""

    def reload(self) -> None:
        """Read the file again. If it holds no token any more, the server rejects every client.

        Raises:
            ConfigError: where the file cannot be read or has an invalid line; the tokens are
                unchanged.

        """
        self._digests = frozenset(map(digest_of, checked_tokens(self._file)))
        if not self._digests:
            _log.warning("no token is left, so nobody is let in", file=str(self._file))
        self.on_reload()

    def among(self, digests: Iterable[bytes]) -> frozenset[bytes]:
        """Return the given digests that belong to tokens of the file.

        The lookup does not take constant time, but its time depends on the digest's hash, not on
        the token. An attacker who measured it would learn bits of a SHA-256 digest, and cannot
        derive a token from them.
        """
        return self._digests.intersection(digests)

    def hold_any(self, digests: Iterable[bytes]) -> bool:
        """Return whether any of the given digests belongs to a token of the file; see `among`."""
        return not self._digests.isdisjoint(digests)


def bearers_of(headers: Headers) -> tuple[bytes, ...]:
    """Return the digests of the tokens in a request's `Authorization: Bearer` headers."""
    return tuple(map(digest_of, shown_tokens(headers)))


def shown_tokens(headers: Headers) -> tuple[str, ...]:
    """Return the tokens in a request's `Authorization: Bearer` headers."""
    parts = [value.partition(" ") for value in headers.get_all("Authorization")]
    return tuple(text.strip() for scheme, _, text in parts if scheme.lower() == "bearer")


def digest_of(token: str) -> bytes:
    """Return the SHA-256 digest of a token. The server stores and compares digests only."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
