"""Who is let in: what a client presents with its request, and whether it is enough.

Browsers cannot set headers on a WebSocket; what they present comes as a subprotocol instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from websockets.datastructures import Headers
from websockets.typing import Subprotocol

from hwaja.protocol.codes import Rejection
from hwaja.server.bearer import Tokens, bearers_of, digest_of
from hwaja.server.header_lists import members
from hwaja.server.pages import Pages

SUBPROTOCOL = Subprotocol("hwaja")
"""What the server agrees to; offered beside the subprotocols that present something."""

MAX_OFFERED = 8
"""Subprotocols that a client may offer; a browser needs three: `hwaja`, its token, its session."""

_BEARER = "hwaja.bearer."
_RESUME = "hwaja.resume"


class TooManyOfferedError(Exception):
    """More subprotocols are offered than `MAX_OFFERED`."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presents. Never logged."""

    bearers: tuple[bytes, ...]
    """Digests of the tokens that are to let it in."""
    resumes: bool
    """Whether it asks for a token to resume the session with."""
    session_token: str | None
    """What an earlier session gave it."""
    origins: tuple[str, ...]
    """The page it runs on; empty: it is no browser."""
    host: str | None
    """What it takes the server for."""


def presented(path: str, headers: Headers) -> Credentials:
    """Read what is presented with a request for `path`.

    Raises:
        TooManyOfferedError: where it offers too many subprotocols.

    """
    offered = members(headers, "Sec-WebSocket-Protocol")
    if len(offered) > MAX_OFFERED:
        raise TooManyOfferedError
    query = parse_qs(path.partition("?")[2], keep_blank_values=True)
    options = [name.removeprefix(_RESUME) for name in offered if name.startswith(_RESUME)]
    options += query.get("resume", [])
    bearers = [
        digest_of(name.removeprefix(_BEARER)) for name in offered if name.startswith(_BEARER)
    ]
    return Credentials(
        bearers=(*bearers_of(headers), *bearers),
        resumes=bool(options),
        session_token=next((wish.removeprefix(".") for wish in options if wish), None),
        origins=tuple(headers.get_all("Origin")),
        host=headers.get("Host"),
    )


def agreed(subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return the subprotocol that is agreed to, of those that are offered."""
    return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Decides before the upgrade to a WebSocket."""

    tokens: Tokens | None = None
    """None: everybody may come in."""
    pages: Pages = Pages()
    """Which may connect."""

    def refusal(self, client: Credentials) -> Rejection | None:
        """Return why a client is turned away; None lets it in."""
        refusal = self.pages.refusal(client.origins, client.host)
        if refusal is not None:
            return refusal
        return None if self.still_lets_in(client.bearers) else Rejection.UNAUTHORIZED

    def still_lets_in(self, bearers: Iterable[bytes]) -> bool:
        """Return whether one of these digests is of a token that is good, where one is needed."""
        return self.tokens is None or self.tokens.hold_any(bearers)

    def good_tokens(self, client: Credentials) -> frozenset[bytes]:
        """Return the digests of the tokens that let a client in; none where none is asked for."""
        return frozenset() if self.tokens is None else self.tokens.among(client.bearers)
