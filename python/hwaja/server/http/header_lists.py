"""Header fields that hold lists. The members may stand in one header line or in several."""

from websockets.datastructures import Headers


def members(headers: Headers, name: str) -> list[str]:
    """Return the members of a list (RFC 9110, section 5.6.1) from all its lines, in order."""
    return [member.strip() for line in headers.get_all(name) for member in line.split(",")]
