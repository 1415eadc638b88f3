"""Parses origins of web pages (RFC 6454) and host names, from options and from requests.

Browsers write an origin in one form. People write it in several forms. Both are normalised.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]*)/?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]/\\:@?#%*]+)(?::(\d{1,5}))?", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SOCKET_SCHEMES = ("ws", "wss")

Member = TypeVar("Member")


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a page. The opaque origin `null` is stored as a scheme without a host."""

    scheme: str
    host: str
    port: int | None = None
    """None: the default port of the scheme."""


ANY = Origin("*", "")
"""In a list of origins, this member stands for all pages."""


def origin_of(text: str) -> Origin:
    """Parse an origin as a browser or a person writes it.

    Raises:
        ValueError: where the text is no origin.

    """
    if text in ("*", "null"):
        return Origin(text, "")
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise ValueError("no scheme")
    scheme, authority = match[1].lower(), match[2]
    if scheme in _SOCKET_SCHEMES:
        raise ValueError("a page comes over HTTP")
    if scheme == "file" and not authority:
        return Origin(scheme, "")
    host, port = read_authority(authority)
    return Origin(scheme, host, None if port == _DEFAULT_PORTS.get(scheme) else port)


def read_authority(text: str) -> tuple[str, int | None]:
    """Parse a `Host` header into host and port; the brackets of an IPv6 address are removed.

    Raises:
        ValueError: where the text is no host and port.

    """
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise ValueError("no host")
    port = None if match[2] is None else int(match[2])
    if port is not None and port > 65_535:
        raise ValueError("no port")
    return _plain(match[1]), port


def _plain(host: str) -> str:
    """Return a host in a browser's form: addresses compressed, names in lower-case ASCII."""
    if host.startswith("["):
        return str(ipaddress.IPv6Address(host[1:-1]))
    if is_address(host):
        return host
    return host.removesuffix(".").encode("idna").decode().lower()


def origins_of(text: str) -> frozenset[Origin]:
    """Parse a list of origins, separated by spaces or commas.

    Raises:
        ValueError: where a member is no origin; the message is one sentence.

    """
    return _parsed(text, origin_of, "an origin", "https://b.example:8443")


def hosts_of(text: str) -> frozenset[str]:
    """Parse a list of host names, separated by spaces or commas; a name may begin with `*.`.

    Raises:
        ValueError: where a member is no host name; the message is one sentence.

    """
    return _parsed(text, _host_pattern, "a host name", "b.example or *.b.example")


def peers_of(text: str) -> frozenset[str]:
    """Parse a list of addresses of servers, separated by spaces or commas.

    Raises:
        ValueError: where a member is no address; the message is one sentence.

    """
    return _parsed(text, _peer, "an address of a server", "wss://b.example:8088")


def _peer(text: str) -> str:
    scheme, mark, authority = text.rstrip("/").partition("://")
    if not mark or scheme not in _SOCKET_SCHEMES:
        raise ValueError("no scheme of a WebSocket")
    read_authority(authority)
    return f"{scheme}://{authority}"


def _host_pattern(text: str) -> str:
    wildcard = "*." if text.startswith("*.") else ""
    return wildcard + read_authority(text.removeprefix(wildcard))[0]


def _parsed(
    text: str, parse: Callable[[str], Member], kind: str, example: str
) -> frozenset[Member]:
    """Parse the members of a list.

    Args:
        text: the list.
        parse: parses one member; raises ValueError.
        kind: what a member is, in the message of the error.
        example: how a member is written, in the message of the error.

    """
    found = set()
    for member in filter(None, _SEPARATORS.split(text)):
        try:
            found.add(parse(member))
        except ValueError:
            raise ValueError(f"{member!r} is not {kind}; write it as {example}") from None
    return frozenset(found)


def is_address(host: str) -> bool:
    """Return whether a host is an IP address, which no name server can redirect."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback address or name (RFC 6761, section 6.3)."""
    if is_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")
