"""Which web pages may open a session: those of the server's own address, and those of a list.

A browser lets any page open a WebSocket to any server, with the cookies, network and address of who
looks at it; it only says where the page is from. A client that is no browser says nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hwaja.protocol.codes import Rejection
from hwaja.server.origins import (
    ANY,
    Origin,
    is_address,
    is_loopback,
    origin_of,
    read_authority,
)


@dataclass(frozen=True, slots=True)
class Pages:
    """Decides by the `Origin` and `Host` of a request."""

    origins: frozenset[Origin] = frozenset()
    """Pages from elsewhere that may connect."""
    names: Callable[[], Iterable[str]] = tuple
    """Tells the names that the server is known by, also as `*.b.example`; a certificate that is
    replaced has others."""
    has_tls: bool = True

    def refusal(self, origins: Sequence[str], host: str | None) -> Rejection | None:
        """Return why a client with this `Host` is turned away; None lets it in.

        Args:
            origins: what it says of its page; nothing: it is no browser.
            host: None: it does not say what it takes the server for.

        """
        if ANY in self.origins:
            return None
        refusals = (self._refusal(origin, host or "") for origin in origins)
        return next(filter(None, refusals), None)

    def _refusal(self, written: str, host: str) -> Rejection | None:
        try:
            origin = origin_of(written)
            if origin in self.origins:
                return None
            name, _ = read_authority(host)
        except ValueError:
            return Rejection.ORIGIN
        if not (self._is_same_host(origin, name) and self._cannot_be_forged(origin)):
            return Rejection.ORIGIN
        # Over HTTPS the browser has seen a certificate for the name. Without TLS here it was a
        # proxy's: what is mixed, a page over HTTPS and a socket without, browsers refuse.
        proved_to_proxy = origin.scheme == "https" and not self.has_tls
        return None if proved_to_proxy or self.knows(host) else Rejection.HOST

    @staticmethod
    def _is_same_host(origin: Origin, name: str) -> bool:
        # Whatever the port: who serves pages at another one of this host needs no browser to
        # connect from there, a proxy may not tell its own, and the specification's page has one.
        return origin.host == name or (is_loopback(origin.host) and is_loopback(name))

    def _cannot_be_forged(self, origin: Origin) -> bool:
        """Return whether nobody on the way could have changed the page."""
        is_near = is_loopback(origin.host) or not self.has_tls
        return origin.scheme == "https" or (origin.scheme == "http" and is_near)

    def misses(self, host: str | None) -> bool:
        """Return whether a page of this server is asked for by a name that it would be refused by.

        Without TLS that cannot be told before the page names its origin.
        """
        is_open = ANY in self.origins or not self.has_tls
        return not (is_open or host is None or self.knows(host))

    def knows(self, host: str) -> bool:
        """Return whether a `Host` is an address, this machine's for itself, or a known name.

        By a name alone can a page be led to a server that is not its own (DNS rebinding).
        """
        try:
            name, _ = read_authority(host)
        except ValueError:
            return False
        names = frozenset(self.names())
        wildcard = f"*.{name.partition('.')[2]}"
        return is_address(name) or is_loopback(name) or name in names or wildcard in names
