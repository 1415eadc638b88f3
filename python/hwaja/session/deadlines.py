"""When a session must be told that its time runs out, or is up; knows no clock.

Instants are seconds of one monotonic clock.
"""

from dataclasses import dataclass

from hwaja.protocol.codes import Reason
from hwaja.session.actions import WARNING_SECONDS
from hwaja.session.events import TimeIsShort, TimeIsUp


@dataclass(slots=True)
class _Deadline:
    reason: Reason
    ends_at: float
    warned: bool = False

    @property
    def next_at(self) -> float:
        return self.ends_at if self.warned else self.ends_at - WARNING_SECONDS


class Deadlines:
    """How long a client may stay, and how long it may be silent."""

    def __init__(self, session_seconds: float, idle_seconds: float, now: float) -> None:
        self._session = _Deadline(Reason.SESSION_LIMIT, now + session_seconds)
        self._idle_seconds = idle_seconds
        self._idle = _Deadline(Reason.IDLE, now + idle_seconds)

    def heard(self, now: float) -> None:
        """Learn that a message of the client came."""
        self._idle = _Deadline(Reason.IDLE, now + self._idle_seconds)

    @property
    def next_at(self) -> float:
        """When `due` is to be asked next."""
        return min(self._session.next_at, self._idle.next_at)

    def due(self, now: float) -> list[TimeIsShort | TimeIsUp]:
        """Return what the session is to be told now."""
        events: list[TimeIsShort | TimeIsUp] = []
        for deadline in (self._session, self._idle):
            if now >= deadline.ends_at:
                return [TimeIsUp(deadline.reason)]
            if now >= deadline.next_at:
                deadline.warned = True
                events.append(TimeIsShort(deadline.reason, round(deadline.ends_at - now)))
        return events
