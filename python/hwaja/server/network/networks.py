"""Maps IP addresses to the networks that the limits count, and to those of trusted proxies."""

import ipaddress
from collections.abc import Collection

Networks = Collection[ipaddress.IPv4Network | ipaddress.IPv6Network]


def networks_of(text: str) -> Networks:
    """Parse a list of addresses and networks, separated by spaces or commas.

    Raises:
        ValueError: where a member is neither; the message is one sentence.

    """
    found = []
    for member in text.replace(",", " ").split():
        try:
            found.append(ipaddress.ip_network(member))
        except ValueError:
            example = "192.0.2.7 or 192.0.2.0/24"
            raise ValueError(f"{member!r} is not an address; write it as {example}") from None
    return tuple(found)


def is_within(address: str, networks: Networks) -> bool:
    """Return whether one of the networks has an IP address."""
    if not networks:
        return False
    ip = ipaddress.ip_address(address)
    plain = ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
    return any(plain in network for network in networks)


def network_of(address: str) -> str:
    """Return the network that an address is counted by.

    That is an IPv4 address, or the /64 of an IPv6 address, since each site has at least a /64.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a socket that closed before its address was read
        return ""
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip), 64), strict=False))
