"""Where a session may be, what decides where it goes next, and what it ends with."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.messages import Error
from hwaja.session.events import Broke, CutOff, Shutdown, TimeIsUp


class State(Enum):
    """Where a session is."""

    CONNECTING = auto()
    READY = auto()
    ENROLLING = auto()
    """Taking the audio of one speaker's voice."""
    VERIFYING = auto()
    """The voice is being embedded; the caller reads nothing from the client meanwhile."""
    TRANSCRIBING = auto()
    DRAINING = auto()
    """No more audio is taken; what was taken is still being answered."""
    CLOSED = auto()


class Branch(StrEnum):
    """What an action found, where the next state depends on it."""

    AS_ASKED = "as asked"
    REFUSED = "refused"
    """The client was told why; nothing changed."""
    FAILED = "failed"
    """The enrolment ended without a voice."""
    UNANSWERED = "answers are due"
    FINISHED = "all answered"
    """The session goes on."""
    ENDED = "session ends"
    """The connection is being closed."""


@dataclass(frozen=True, slots=True)
class CloseOutcome:
    """What a session ends with once every utterance is answered; by default it goes on."""

    code: CloseCode | None = None
    """Why the connection is closed; None: it stays open."""
    error: Error | None = None
    """What the client is sent before."""


SERVER_FAULT = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FAILED)
"""What a client is sent whose session a fault of the server ends."""


_CODES = {
    Reason.TOKEN_REVOKED: CloseCode.POLICY_VIOLATION,
    Reason.SERVER_FULL: CloseCode.TRY_AGAIN_LATER,
}
"""Of those whose time is up before its end."""


def outcome_of(event: Shutdown | CutOff | TimeIsUp | Broke) -> CloseOutcome:
    """Return what an event of the server ends a session with."""
    if isinstance(event, Shutdown | CutOff):
        return CloseOutcome(CloseCode.GOING_AWAY)
    if isinstance(event, Broke):
        return CloseOutcome(CloseCode.INTERNAL_ERROR, SERVER_FAULT)
    code = _CODES.get(event.reason, CloseCode.NORMAL)
    return CloseOutcome(code, Error(ErrorCode.CONNECTION_FAILED, event.reason))
