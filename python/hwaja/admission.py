"""Who is let in: what a client presents with its request, and whether it is enough.

Browsers cannot set headers on a WebSocket; what they present comes as a subprotocol instead.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from websockets.datastructures import Headers
from websockets.typing import Subprotocol

SUBPROTOCOL = Subprotocol("hwaja")
"""What the server agrees to; offered beside the subprotocols that present something."""

_BEARER = "hwaja.bearer."
_RESUME = "hwaja.resume"


class TokenFileError(Exception):
    """The file with the tokens cannot be used. Says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a client presents. Never logged."""

    bearers: tuple[str, ...]
    resumes: bool
    """Whether it asks for a token to resume the session with."""
    session_token: str | None
    """What an earlier session gave it."""
    origins: tuple[str, ...]
    """The page it runs on; empty: it is no browser."""


def presented(path: str, headers: Headers) -> Presented:
    """Read what is presented with a request for `path`."""
    offered = _offered(headers)
    query = parse_qs(path.partition("?")[2], keep_blank_values=True)
    wishes = [name.removeprefix(_RESUME) for name in offered if name.startswith(_RESUME)]
    wishes += query.get("resume", [])
    bearers = [name.removeprefix(_BEARER) for name in offered if name.startswith(_BEARER)]
    for value in headers.get_all("Authorization"):
        scheme, _, credentials = value.partition(" ")
        if scheme.lower() == "bearer":
            bearers.append(credentials.strip())
    return Presented(
        bearers=tuple(bearers),
        resumes=bool(wishes),
        session_token=next((wish.removeprefix(".") for wish in wishes if wish), None),
        origins=tuple(headers.get_all("Origin")),
    )


def agreed(subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return the subprotocol that is agreed to, of those that are offered."""
    return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None


class Tokens:
    """The tokens of a file, one a line; empty lines and lines that begin with # are none."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            TokenFileError: where it cannot be read or holds no token.

        """
        self._file = file
        self._digests: tuple[bytes, ...] = ()
        self.reload()

    def reload(self) -> None:
        """Read the file again.

        Raises:
            TokenFileError: as above; the tokens stay as they were.

        """
        try:
            lines = self._file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenFileError(f"The token file {self._file} cannot be read.") from error
        tokens = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not tokens:
            raise TokenFileError(f"The token file {self._file} holds no token.")
        self._digests = tuple(_digest(token) for token in tokens)

    def hold_any(self, bearers: Sequence[str]) -> bool:
        """Return whether one of these is among them, in the same time whichever it is, if any."""
        digests = [_digest(bearer) for bearer in bearers]
        found = [hmac.compare_digest(one, held) for one in digests for held in self._digests]
        return any(found)


@dataclass(frozen=True, slots=True)
class Door:
    """Decides before the upgrade to a WebSocket."""

    tokens: Tokens | None = None
    """None: everybody may come in."""
    origins: frozenset[str] = frozenset()
    """Pages that may connect; empty: all. A client that is no browser names none and may."""

    def refusal(self, client: Presented) -> HTTPStatus | None:
        """Return the status to refuse a client with; None lets it in."""
        if self.origins and not self.origins.issuperset(client.origins):
            return HTTPStatus.FORBIDDEN
        if self.tokens is not None and not self.tokens.hold_any(client.bearers):
            return HTTPStatus.UNAUTHORIZED
        return None


def _offered(headers: Headers) -> list[str]:
    values = headers.get_all("Sec-WebSocket-Protocol")
    return [name.strip() for value in values for name in value.split(",")]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
