"""Which addresses count as one."""

import ipaddress


def network_of(address: str) -> str:
    """Return what of an address counts as one: of IPv6 a /64, which no site has less than."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a socket that was gone before it could be asked
        return ""
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip), 64), strict=False))
