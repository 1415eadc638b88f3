"""What a token that lets somebody in is made of: one rule for the server, its page and its clients.

A browser sends it in the name of a subprotocol, which has no `/` and no `=` (RFC 6455, section 4.1;
RFC 7230, section 3.2.6). All others send it in a header, where it may have those, and of the other
signs `-._~+` (RFC 6750, section 2.1). What is left is good for both.
"""

import re

CHARACTERS = "letters, digits or -._~+"

_TOKEN = re.compile(r"[A-Za-z0-9._~+-]+")


def is_token(text: str) -> bool:
    """Return whether every client can send it."""
    return _TOKEN.fullmatch(text) is not None
