"""Coming back to a session over another connection; no socket, no clock."""

from collections.abc import Callable
from random import random

from hwaja.client.errors import Message

RESUME_SECONDS = 60.0
"""How long a server keeps the session of a client that is away (`--resume-seconds`)."""

FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 8.0

_RESUME = "hwaja.resume"


class Resumption:
    """What a client knows of its session."""

    def __init__(self) -> None:
        self._token: str | None = None
        self._last_number = 0

    @property
    def is_possible(self) -> bool:
        """Whether there is a session to come back to."""
        return self._token is not None

    @property
    def offered(self) -> tuple[str, ...]:
        """The subprotocols to offer: an address might be logged."""
        return "hwaja", _RESUME if self._token is None else f"{_RESUME}.{self._token}"

    def welcome(self, message: Message) -> bool:
        """Take `model_loaded`; return whether this is the session that was."""
        is_resumed = bool(message.get("resumed"))
        if not is_resumed:
            self._last_number = 0
        self._token = message.get("session_token")
        return is_resumed

    def is_news(self, message: Message) -> bool:
        """Return whether it was not had before: on another connection some are sent once more."""
        number = message.get("number")
        if number is None:
            return True
        if number <= self._last_number:
            return False
        self._last_number = number
        return True


class BackOff:
    """How long to wait before each attempt to connect anew, and when to give up."""

    def __init__(self, chance: Callable[[], float] = random) -> None:
        """Begin; `chance` is in [0, 1), so that clients do not all come at the same moment."""
        self._chance = chance
        self._attempts = 0

    def next_delay_seconds(self, away_seconds: float) -> float | None:
        """Return how long to wait: twice as long each time, a random half of it left out.

        None: so long after the loss of the connection, the server has forgotten the session.
        """
        if away_seconds >= RESUME_SECONDS:
            return None
        longest = min(FIRST_DELAY_SECONDS * 2.0**self._attempts, LONGEST_DELAY_SECONDS)
        self._attempts += 1
        return longest * (0.5 + self._chance() / 2)
