"""Client tokens: what lets one browser in once, so that no page needs a long-lived token.

An application asks for one with its bearer token (`POST /token`) and hands it to its page. It is
sealed, so the server stores nothing but the digests of used ones, until they expire.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import msgspec

from hwaja.privacy.sealing import KeyRing, TamperedError, UnknownKeyError
from hwaja.protocol.codes import Rejection
from hwaja.server.access.bearer import digest_of
from hwaja.server.access.token_bucket import TokenBucket
from hwaja.server.http.origins import ANY, Origin, origin_of

PURPOSE = "client"

VALID_SECONDS = 60.0
"""Time between the request for a token and its use."""

MAX_SUBJECT_CHARS = 128

TOKENS_PER_SECOND = 10.0
"""Limit for the client tokens of one bearer token. It also limits how many used ones are kept."""

BURST_TOKENS = 100

_PARAMETERS = frozenset({"origin", "subject", "max_session_seconds"})


class InvalidRequestError(Exception):
    """A parameter of a request for a token is wrong. The text says which, for the client."""


@dataclass(frozen=True, slots=True)
class Restrictions:
    """To what a client token is bound, beside the bearer token that asked for it."""

    origin: str | None = None
    """The only web page that may use it, as in the header `Origin`. None: any that may connect."""
    subject: str | None = None
    """Who uses it, in the application's words. Voice tickets are bound to it. None: nobody."""
    max_session_seconds: float | None = None
    """The longest session. None: that of the server."""


class _Content(msgspec.Struct, frozen=True, array_like=True):
    bearer: bytes
    """Digest of the bearer token that asked for it."""
    expires_at: float
    """In seconds since the Unix epoch."""
    origin: str | None
    subject: str | None
    max_session_seconds: float | None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a client token stands for."""

    bearer: bytes
    subject: bytes
    """Digest of whom voice tickets are bound to."""
    max_session_seconds: float | None


def restrictions_of(query: str) -> Restrictions:
    """Read the query of a request for a token.

    Raises:
        InvalidRequestError: for an unknown, repeated or wrong parameter: a token that is less
            restricted than the application believes would be dangerous.

    """
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    unknown = given.keys() - _PARAMETERS
    if unknown or len(given) < len(pairs):
        known = ", ".join(sorted(_PARAMETERS))
        raise InvalidRequestError(f"The parameters are {known}, each at most once.")
    origin, subject, seconds = map(given.get, ("origin", "subject", "max_session_seconds"))
    if origin is not None and _origin(origin) in (None, ANY):
        raise InvalidRequestError("origin must be as in the header Origin: https://a.example.")
    if subject is not None and not 0 < len(subject) <= MAX_SUBJECT_CHARS:
        raise InvalidRequestError(f"subject must have 1 to {MAX_SUBJECT_CHARS} characters.")
    return Restrictions(origin, subject, None if seconds is None else _seconds(seconds))


class ClientTokens:
    """Makes client tokens, and takes each of them once."""

    def __init__(
        self,
        keys: Callable[[], KeyRing],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make no token yet.

        Args:
            keys: returns the current keys.
            clock: returns Unix seconds, which other servers know, too.
            steady: returns the seconds of a monotonic clock, for the rate limit.

        """
        self._keys = keys
        self._clock = clock
        self._steady = steady
        self._used: dict[bytes, float] = {}  # digest of the token, when it expires
        self._buckets: dict[bytes, TokenBucket] = {}  # of each bearer token that asked

    def issue(self, bearer: bytes, restrictions: Restrictions) -> tuple[str, float] | None:
        """Return a token and when it expires, in Unix seconds; None: the client asks too often.

        Args:
            bearer: digest of the valid bearer token in the request.
            restrictions: to what the token is bound.

        """
        self._buckets.setdefault(bearer, TokenBucket(TOKENS_PER_SECOND, BURST_TOKENS))
        if self._buckets[bearer].take(1, self._steady()) > 0:
            return None
        expires_at = self._clock() + VALID_SECONDS
        limits = restrictions.origin, restrictions.subject, restrictions.max_session_seconds
        plain = msgspec.msgpack.encode(_Content(bearer, expires_at, *limits))
        return self._keys().first.seal(PURPOSE, plain), expires_at

    def redeem(self, token: str, origins: Sequence[str]) -> Redeemed | Rejection:
        """Take a token; return what it stands for, or why it is no good.

        Args:
            token: what the client presents.
            origins: its `Origin` headers.

        """
        try:
            _, plain = self._keys().open(PURPOSE, token)
        except (UnknownKeyError, TamperedError):
            return Rejection.UNAUTHORIZED
        content = msgspec.msgpack.decode(plain, type=_Content)
        now = self._clock()
        if now >= content.expires_at:
            return Rejection.CLIENT_TOKEN_EXPIRED
        if content.origin is not None and _origin(content.origin) not in map(_origin, origins):
            return Rejection.CLIENT_TOKEN_ORIGIN
        self._used = {digest: until for digest, until in self._used.items() if until > now}
        digest = digest_of(token)
        if digest in self._used:
            return Rejection.CLIENT_TOKEN_USED
        self._used[digest] = content.expires_at
        # Two subjects of two bearer tokens are two people.
        name = content.bearer + (content.subject or "").encode()
        subject = content.bearer if content.subject is None else digest_of(name.hex())
        return Redeemed(content.bearer, subject, content.max_session_seconds)


def _origin(written: str) -> Origin | None:
    try:
        return origin_of(written)
    except ValueError:
        return None


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InvalidRequestError("max_session_seconds must be a number above 0.")
    return seconds
