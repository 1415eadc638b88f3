"""The link by which others read a session along, on a second screen."""

from urllib.parse import urlsplit

from msgspec import Struct

from hwaja.protocol.links import token_of


class SharedLink(Struct, frozen=True):
    """A link, and its two secrets."""

    link: str
    """The address to open on the second screen. It carries the token."""
    token: str
    """What opens a WebSocket to `/watch`: for the others."""
    key: str
    """What has another session take the link over: keep it to yourself."""


def link_of(url: str, key: str) -> SharedLink:
    """Return the link with a key to the session at the address `url` of a server."""
    address, token = urlsplit(url), token_of(key)
    scheme = "https" if address.scheme == "wss" else "http"
    return SharedLink(f"{scheme}://{address.netloc}/subtitles#{token}", token, key)
