"""Bearer tokens (RFC 6750): read from a file, and looked for in a request."""

import hmac
import re
from pathlib import Path

from websockets.datastructures import Headers

from hwaja.config import ConfigError

MIN_TOKEN_CHARACTERS = 16
"""A shorter one could be guessed."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What RFC 6750, section 2.1, allows."""


def read_token(file: Path) -> str:
    """Return the token that a file holds, without white space around it.

    Raises:
        ConfigError: where it cannot be read or holds none.

    """
    try:
        token = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        token = ""
    if len(token) < MIN_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"{file} must hold one token of at least {MIN_TOKEN_CHARACTERS} letters, digits or "
            "-._~+/ and nothing else; `openssl rand -hex 32` makes one."
        )
    return token


def carries(headers: Headers, token: str) -> bool:
    """Return whether a request carries the token; how long it takes tells nothing about it."""
    values = headers.get_all("Authorization")
    if len(values) != 1:
        return False
    scheme, _, credentials = values[0].partition(" ")
    same = hmac.compare_digest(credentials.strip().encode(), token.encode())
    return same and scheme.lower() == "bearer"
