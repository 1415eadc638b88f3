"""Decides from a client's credentials and page whether it may open a session.

Browsers cannot set headers on a WebSocket. They present credentials as a subprotocol instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from websockets.datastructures import Headers
from websockets.typing import Subprotocol

from hwaja.protocol.codes import Rejection
from hwaja.server.access.bearer import Tokens, bearers_of, digest_of
from hwaja.server.access.client_tokens import ClientTokens, Redeemed
from hwaja.server.http.header_lists import members
from hwaja.server.http.pages import Pages

SUBPROTOCOL = Subprotocol("hwaja")
"""The subprotocol that the server agrees to.

A client offers it beside the subprotocols that carry its credentials.
"""

MAX_OFFERED = 8
"""Subprotocols that a client may offer. A browser needs five at most: `hwaja`, its token, its
session, that it roams, and that it wants to be told what the server can do."""

_BEARER = "hwaja.bearer."
_RESUME = "hwaja.resume"
_HELLO = "hwaja.hello"
_ROAM = "hwaja.roam"


class TooManyOfferedError(Exception):
    """More subprotocols are offered than `MAX_OFFERED`."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presents. Never logged."""

    bearers: tuple[bytes, ...]
    """SHA-256 digests of the bearer tokens that the client presents."""
    offered_tokens: tuple[str, ...]
    """The tokens in its subprotocols, of which one may be a client token."""
    resumes: bool
    """Whether the client asks for a session token, with which it can resume the session."""
    roams: bool
    """Whether the client goes on at another server if this one sends it away."""
    wants_hello: bool
    """Whether the client asks what the server can do."""
    session_token: str | None
    """The session token that the client presents; None: it presents none."""
    origins: tuple[str, ...]
    """`Origin` headers: the page that the client runs on. Empty: the client is no browser."""
    host: str | None
    """`Host` header: the name and port by which the client addresses the server."""


def credentials_of(path: str, headers: Headers) -> Credentials:
    """Read the credentials of a request for `path`, from its headers and its query.

    Raises:
        TooManyOfferedError: where the client offers more than `MAX_OFFERED` subprotocols.

    """
    offered = members(headers, "Sec-WebSocket-Protocol")
    if len(offered) > MAX_OFFERED:
        raise TooManyOfferedError
    query = parse_qs(path.partition("?")[2], keep_blank_values=True)
    options = [name.removeprefix(_RESUME) for name in offered if name.startswith(_RESUME)]
    options += query.get("resume", [])
    tokens = tuple(name.removeprefix(_BEARER) for name in offered if name.startswith(_BEARER))
    return Credentials(
        bearers=(*bearers_of(headers), *map(digest_of, tokens)),
        offered_tokens=tokens,
        resumes=bool(options),
        roams=bool(options) and (_ROAM in offered or "roam" in query),
        wants_hello=_HELLO in offered or "hello" in query,
        session_token=next((option.removeprefix(".") for option in options if option), None),
        origins=tuple(headers.get_all("Origin")),
        host=headers.get("Host"),
    )


def agreed(subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return `SUBPROTOCOL` where the client offers it, else None."""
    return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None


@dataclass(frozen=True, slots=True)
class Admission:
    """What a client may do that may connect. It holds no bearer token and no client token."""

    resumes: bool
    """As in `Credentials`."""
    session_token: str | None
    """As in `Credentials`."""
    roams: bool = False
    """As in `Credentials`."""
    wants_hello: bool = False
    """As in `Credentials`."""
    tokens: frozenset[bytes] = frozenset()
    """Digests of its valid bearer tokens, or of the one that its client token was made with. Empty:
    the server asks for none."""
    subjects: frozenset[bytes] = frozenset()
    """Digests of whom its voice tickets are bound to."""
    max_session_seconds: float | None = None
    """The longest session. None: that of the server."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Decides before the upgrade to a WebSocket whether a client may connect."""

    tokens: Tokens | None = None
    """The tokens that the server accepts; None: no client needs a token."""
    pages: Pages = Pages()
    """The web pages that may connect."""
    client_tokens: ClientTokens | None = None
    """Makes and takes client tokens; None: nobody gets one."""

    def admit(self, client: Credentials) -> Admission | Rejection:
        """Return what a client may do, or why it may not connect. A client token is used up."""
        refusal = self.pages.refusal(client.origins, client.host)
        if refusal is not None:
            return refusal
        asked = client.resumes, client.session_token, client.roams, client.wants_hello
        if self.tokens is None:
            return Admission(*asked)
        good = self.tokens.among(client.bearers)
        if good:
            return Admission(*asked, good, good)
        answer: Rejection | Redeemed = Rejection.UNAUTHORIZED
        if self.client_tokens is not None and client.offered_tokens:
            answer = self.client_tokens.redeem(client.offered_tokens[0], client.origins)
        if isinstance(answer, Redeemed) and not self.tokens.hold_any([answer.bearer]):
            return Rejection.UNAUTHORIZED  # the bearer token was revoked
        if isinstance(answer, Rejection):
            return answer
        own, subjects = frozenset([answer.bearer]), frozenset([answer.subject])
        return Admission(*asked, own, subjects, answer.max_session_seconds)

    def accepts(self, bearers: Iterable[bytes]) -> bool:
        """Return whether a digest is one of a valid token; always True where no token is needed."""
        return self.tokens is None or self.tokens.hold_any(bearers)
