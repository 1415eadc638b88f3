"""The time limits of a session: when to warn, when to end it.

The caller passes the time. Instants are seconds of one monotonic clock.
"""

from dataclasses import dataclass

from hwaja.protocol.codes import Reason
from hwaja.session.events import LimitNear, LimitReached
from hwaja.session.transcribing import WARNING_SECONDS


@dataclass(slots=True)
class _Deadline:
    reason: Reason
    begins_at: float
    seconds: float
    warned: bool = False

    @property
    def ends_at(self) -> float:
        return self.begins_at + self.seconds

    @property
    def next_at(self) -> float:
        # A client asks for warnings only some time after a short session has begun.
        warning_seconds = min(WARNING_SECONDS, self.seconds / 2)
        return self.ends_at if self.warned else self.ends_at - warning_seconds


class Deadlines:
    """The longest duration of a session, and the longest time without a client message."""

    def __init__(self, session_seconds: float, idle_seconds: float, now: float) -> None:
        self._session = _Deadline(Reason.SESSION_LIMIT, now, session_seconds)
        self._idle_seconds = idle_seconds
        self._idle = _Deadline(Reason.IDLE, now, idle_seconds)

    def reset_idle(self, now: float) -> None:
        """Restart the idle limit: a client message arrived at `now`."""
        self._idle = _Deadline(Reason.IDLE, now, self._idle_seconds)

    @property
    def next_at(self) -> float:
        """The instant at which to call `due` next."""
        return min(self._session.next_at, self._idle.next_at)

    def due(self, now: float) -> list[LimitNear | LimitReached]:
        """Return the events for the session at `now`: warnings, or the end of its time."""
        events: list[LimitNear | LimitReached] = []
        for deadline in (self._session, self._idle):
            if now >= deadline.ends_at:
                return [LimitReached(deadline.reason)]
            if now >= deadline.next_at:
                deadline.warned = True
                events.append(LimitNear(deadline.reason, round(deadline.ends_at - now)))
        return events
