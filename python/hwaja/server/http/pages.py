"""Decides which web pages may open a session: pages of the server's own address and listed origins.

A browser allows any page to open a WebSocket to any server, with the cookies, network and address
of its user. It only names the origin of the page. A client that is no browser names no origin.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hwaja.protocol.codes import Rejection
from hwaja.server.http.origins import (
    ANY,
    Origin,
    is_address,
    is_loopback,
    origin_of,
    read_authority,
)


@dataclass(frozen=True, slots=True)
class Pages:
    """Decides by the `Origin` and `Host` headers of a request."""

    origins: frozenset[Origin] = frozenset()
    """Other origins whose pages may connect."""
    names: Callable[[], Iterable[str]] = tuple
    """Returns the server's names, also in the form `*.b.example`.

    It is called at each request, since a new certificate can have other names.
    """
    has_tls: bool = True

    def refusal(self, origins: Sequence[str], host: str | None) -> Rejection | None:
        """Return why a client is rejected; None: it may connect.

        Args:
            origins: its `Origin` headers; empty: the client is no browser.
            host: its `Host` header; None: it sent none.

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
        # Over HTTPS the browser has checked a certificate for the name. If this server has no TLS,
        # a proxy presented it: browsers refuse a plain socket from an HTTPS page.
        proved_to_proxy = origin.scheme == "https" and not self.has_tls
        return None if proved_to_proxy or self.knows(host) else Rejection.HOST

    @staticmethod
    def _is_same_host(origin: Origin, name: str) -> bool:
        # The port is ignored. Whoever serves pages at another port of this host can connect without
        # a browser, a proxy may hide its own port, and the specification's page has another port.
        return origin.host == name or (is_loopback(origin.host) and is_loopback(name))

    def _cannot_be_forged(self, origin: Origin) -> bool:
        """Return whether nobody on the network path could have changed the page."""
        is_near = is_loopback(origin.host) or not self.has_tls
        return origin.scheme == "https" or (origin.scheme == "http" and is_near)

    def misses(self, host: str | None) -> bool:
        """Return whether a page loaded under this `Host` could not connect afterwards.

        Without TLS this is unknown until the page names its origin; the result is then False.
        """
        is_open = ANY in self.origins or not self.has_tls
        return not (is_open or host is None or self.knows(host))

    def knows(self, host: str) -> bool:
        """Return whether a `Host` is an IP address, a loopback name, or one of the server's names.

        DNS rebinding, which leads a page to a server that is not its own, needs a name.
        """
        try:
            name, _ = read_authority(host)
        except ValueError:
            return False
        names = frozenset(self.names())
        wildcard = f"*.{name.partition('.')[2]}"
        return is_address(name) or is_loopback(name) or name in names or wildcard in names
