"""The states of a session, the results of its actions, and how it ends."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.server_messages import Error
from hwaja.session.events import CutOff, LimitReached, ServerFailed, Shutdown


class State(Enum):
    """The states of a session."""

    CONNECTING = auto()
    READY = auto()
    ENROLLING = auto()
    """The server takes the audio of one speaker's voice."""
    VERIFYING = auto()
    """The voice is being embedded. Meanwhile the caller reads no message of the client."""
    TRANSCRIBING = auto()
    PAUSED = auto()
    """A transcription that ignores audio, because the client asked."""
    DRAINING = auto()
    """The server takes no more audio, and still answers the audio that it has."""
    CLOSED = auto()


class Branch(StrEnum):
    """The result of an action that may lead to several states."""

    AS_ASKED = "as asked"
    REFUSED = "refused"
    """The server sent an error. The session is unchanged."""
    FAILED = "failed"
    """The enrolment ended without a voice."""
    UNANSWERED = "answers are due"
    FINISHED = "all answered"
    """All utterances are answered, and the session continues."""
    ENDED = "session ends"
    """The connection is being closed."""


@dataclass(frozen=True, slots=True)
class CloseOutcome:
    """What to send once every utterance is answered. By default the session continues."""

    code: CloseCode | None = None
    """Close code. None: the connection stays open."""
    error: Error | None = None
    """Error to send before the connection closes."""


SERVER_FAULT = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FAILED)
"""The error to a client whose session ends because of a fault of the server."""


_CODES = {
    Reason.TOKEN_REVOKED: CloseCode.POLICY_VIOLATION,
    Reason.SERVER_FULL: CloseCode.TRY_AGAIN_LATER,
}
"""Close codes of the sessions that end before their time limit."""


def outcome_of(event: Shutdown | CutOff | LimitReached | ServerFailed) -> CloseOutcome:
    """Return the close code and the error with which an event of the server ends a session."""
    if isinstance(event, Shutdown | CutOff):
        return CloseOutcome(CloseCode.GOING_AWAY)
    if isinstance(event, ServerFailed):
        return CloseOutcome(CloseCode.INTERNAL_ERROR, SERVER_FAULT)
    code = _CODES.get(event.reason, CloseCode.NORMAL)
    return CloseOutcome(code, Error(ErrorCode.CONNECTION_FAILED, event.reason))
