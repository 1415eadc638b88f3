"""Resumption of a session over another connection: token, message numbers, back-off; no socket."""

from collections.abc import Callable
from random import random

from hwaja.client.errors import Message

RESUME_SECONDS = 60.0
"""How long a server keeps the session of a disconnected client (`--resume-seconds`)."""

FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 8.0

_RESUME = "hwaja.resume"
_HELLO = "hwaja.hello"
"""Asks what the server can do. An older server ignores it."""
_ROAM = "hwaja.roam"
"""Tells that another server may take over, so that a node that leaves sends the client away."""


class Resumption:
    """The token of a session, and the number of its last message."""

    def __init__(self, *, roams: bool = False) -> None:
        """Begin without a session. `roams`: whether another server may take over."""
        self._roams = roams
        self._token: str | None = None
        self._last_number = 0

    @property
    def is_possible(self) -> bool:
        """Whether there is a session to resume."""
        return self._token is not None

    @property
    def offered(self) -> tuple[str, ...]:
        """The subprotocols to offer. They carry the token, since a URL might be logged."""
        resume = _RESUME if self._token is None else f"{_RESUME}.{self._token}"
        return "hwaja", _HELLO, resume, *((_ROAM,) if self._roams else ())

    def welcome(self, message: Message) -> bool:
        """Take `model_loaded`. Return whether the earlier session was resumed."""
        is_resumed = bool(message.get("resumed"))
        if not is_resumed:
            self._last_number = 0
        self._token = message.get("session_token")
        return is_resumed

    def is_news(self, message: Message) -> bool:
        """Return whether the message is new. After a resumption, the server repeats some."""
        number = message.get("number")
        if number is None:
            return True
        if number <= self._last_number:
            return False
        self._last_number = number
        return True


class BackOff:
    """The delay before each attempt to reconnect, and the end of the attempts."""

    def __init__(self, chance: Callable[[], float] = random) -> None:
        """Begin. `chance` returns a value in [0, 1): it spreads the attempts of many clients."""
        self._chance = chance
        self._attempts = 0

    def next_delay_seconds(self, away_seconds: float, addresses: int = 1) -> float | None:
        """Return the delay before the next attempt, in seconds; None to stop.

        The longest delay doubles once each of the `addresses` was tried. A random part, up to half
        of it, is left out. None: `away_seconds` after the loss, the server no longer keeps the
        session.
        """
        if away_seconds >= RESUME_SECONDS:
            return None
        rounds = self._attempts // addresses
        longest = min(FIRST_DELAY_SECONDS * 2.0**rounds, LONGEST_DELAY_SECONDS)
        self._attempts += 1
        return longest * (0.5 + self._chance() / 2)
