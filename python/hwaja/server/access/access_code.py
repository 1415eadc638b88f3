"""The access code of `--lan`: short enough to type, and too long to guess."""

import secrets

from hwaja.server.access.bearer import Tokens, digest_of

_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are easily taken for another: i, l, o, 0, 1."""

_GROUPS = 3

_GROUP_CHARACTERS = 4


def new_access_code() -> str:
    """Return a random code of three groups: one of 7.9e17.

    Nothing limits wrong codes. Whoever used up such a limit would shut out all others, also those
    who resume a session. Half of all codes take 125,000 years at 100,000 a second, which is more
    than a server compares, although one request can bring a hundred.
    """
    groups = (
        "".join(secrets.choice(_CHARACTERS) for _ in range(_GROUP_CHARACTERS))
        for _ in range(_GROUPS)
    )
    return "-".join(groups)


class AccessCode(Tokens):
    """The one token of a server that its start shows. It is in memory only."""

    def __init__(self, code: str) -> None:
        """Take what clients present as their bearer token."""
        self._digests = frozenset([digest_of(code)])
        self.on_reload = lambda: None

    def reload(self) -> None:
        """Do nothing: the code stays the same until the server ends."""
