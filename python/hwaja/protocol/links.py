"""The two secrets of a link by which others read a session along: its key and its token."""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from hwaja.protocol.values import LINK_KEY_BYTES


def new_link_key() -> str:
    """Return the key of a new link, which nobody can guess."""
    return secrets.token_urlsafe(LINK_KEY_BYTES)


def token_of(key: str) -> str:
    """Return the token of the link with a key. The key cannot be computed from it."""
    return urlsafe_b64encode(sha256(key.encode()).digest()[:LINK_KEY_BYTES]).decode()
