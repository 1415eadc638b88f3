"""Maps IP addresses to the networks that the limits count."""

import ipaddress


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
