"""Origins of web pages (RFC 6454) and host names, as options and requests write them.

What browsers write in one way people write in several: all are read into one form.
"""

import ipaddress
import re
from dataclasses import dataclass

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]*)/?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]/\\:@?#%*]+)(?::(\d{1,5}))?", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SOCKET_SCHEMES = ("ws", "wss")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page is from. `null`, which says nothing of it, is a scheme without a host."""

    scheme: str
    host: str
    port: int | None = None
    """None: the port that the scheme has by itself."""


ANY = Origin("*", "")
"""Stands for all pages in a list."""


def origin_of(text: str) -> Origin:
    """Read an origin as a browser or a person writes it.

    Raises:
        ValueError: where it is none.

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
    """Read host and port, as `Host` has them; an IPv6 address loses its brackets.

    Raises:
        ValueError: where they are none.

    """
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise ValueError("no host")
    port = None if match[2] is None else int(match[2])
    if port is not None and port > 65_535:
        raise ValueError("no port")
    return _plain(match[1]), port


def _plain(host: str) -> str:
    """Return a host in the form that browsers give it: addresses short, names in lower ASCII."""
    if host.startswith("["):
        return str(ipaddress.IPv6Address(host[1:-1]))
    if is_address(host):
        return host
    return host.removesuffix(".").encode("idna").decode().lower()


def origins_of(text: str) -> frozenset[Origin]:
    """Read a list of origins, with spaces or commas between.

    Raises:
        ValueError: where one is none, with a sentence.

    """
    found = set()
    for entry in _entries(text):
        try:
            found.add(origin_of(entry))
        except ValueError:
            raise ValueError(
                f"{entry!r} is not an origin; write it as https://b.example:8443"
            ) from None
    return frozenset(found)


def hosts_of(text: str) -> frozenset[str]:
    """Read a list of host names, with spaces or commas between; one may begin with `*.`.

    Raises:
        ValueError: where one is none, with a sentence.

    """
    found = set()
    for entry in _entries(text):
        wildcard = "*." if entry.startswith("*.") else ""
        try:
            found.add(wildcard + read_authority(entry.removeprefix(wildcard))[0])
        except ValueError:
            raise ValueError(
                f"{entry!r} is not a host name; write it as b.example or *.b.example"
            ) from None
    return frozenset(found)


def _entries(text: str) -> list[str]:
    return [entry for entry in _SEPARATORS.split(text) if entry]


def is_address(host: str) -> bool:
    """Return whether a host is an IP address, which no name server can lead elsewhere."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine for itself (RFC 6761, section 6.3)."""
    if is_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")
