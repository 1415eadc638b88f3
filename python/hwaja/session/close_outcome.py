"""What a session ends with once everything it heard is answered."""

from dataclasses import dataclass

from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.messages import Error
from hwaja.session.events import Broke, CutOff, Shutdown, TimeIsUp


@dataclass(frozen=True, slots=True)
class CloseOutcome:
    """By default nothing: the session goes on."""

    code: CloseCode | None = None
    """Why the connection is closed; None: it stays open."""
    error: Error | None = None
    """What the client is told before."""


FAULT = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FAILED)
"""What a client is told whose session something of the server broke."""


_CODES = {
    Reason.TOKEN_REVOKED: CloseCode.POLICY_VIOLATION,
    Reason.SERVER_FULL: CloseCode.TRY_AGAIN_LATER,
}
"""Of those whose time is up before its end."""


def cut_off(received_samples: int) -> CloseOutcome:
    """Return what a transcription ends with that is not wholly answered, as the server stops."""
    code, reason = ErrorCode.TRANSCRIPTION_FAILED, Reason.SERVER_STOPPED
    return CloseOutcome(
        CloseCode.GOING_AWAY, Error(code, reason, received_samples=received_samples)
    )


def outcome_of(event: Shutdown | CutOff | TimeIsUp | Broke) -> CloseOutcome:
    """Return what a session ends with."""
    if isinstance(event, Shutdown | CutOff):
        return CloseOutcome(CloseCode.GOING_AWAY)
    if isinstance(event, Broke):
        return CloseOutcome(CloseCode.INTERNAL_ERROR, FAULT)
    code = _CODES.get(event.reason, CloseCode.NORMAL)
    return CloseOutcome(code, Error(ErrorCode.CONNECTION_FAILED, event.reason))


def at_audio_limit(received_samples: int) -> CloseOutcome:
    """Return what a transcription ends with that has lasted long enough; the session goes on."""
    code, reason = ErrorCode.TRANSCRIPTION_FAILED, Reason.AUDIO_LIMIT
    return CloseOutcome(error=Error(code, reason, received_samples=received_samples))
