"""Header fields that are lists, whose members may come in one line or in several."""

from websockets.datastructures import Headers


def members(headers: Headers, name: str) -> list[str]:
    """Return the members of a list (RFC 9110, section 5.6.1), of all its lines in their order."""
    return [member.strip() for line in headers.get_all(name) for member in line.split(",")]
