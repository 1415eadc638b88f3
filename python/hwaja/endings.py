"""What a session ends with once everything it heard is answered."""

from dataclasses import dataclass

from hwaja.codes import CloseCode, ErrorCode, Reason
from hwaja.events import Broke, CutOff, Shutdown, TimeIsUp
from hwaja.messages import Error


@dataclass(frozen=True, slots=True)
class Ending:
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


def cut_off(received_samples: int) -> Ending:
    """Return what a transcription ends with that is not wholly answered, as the server stops."""
    code, reason = ErrorCode.TRANSCRIPTION_FAILED, Reason.SERVER_STOPPED
    return Ending(CloseCode.GOING_AWAY, Error(code, reason, received_samples=received_samples))


def ending_of(event: Shutdown | CutOff | TimeIsUp | Broke) -> Ending:
    """Return what a session ends with."""
    if isinstance(event, Shutdown | CutOff):
        return Ending(CloseCode.GOING_AWAY)
    if isinstance(event, Broke):
        return Ending(CloseCode.INTERNAL_ERROR, FAULT)
    code = _CODES.get(event.reason, CloseCode.NORMAL)
    return Ending(code, Error(ErrorCode.CONNECTION_FAILED, event.reason))


def at_audio_limit(received_samples: int) -> Ending:
    """Return what a transcription ends with that has lasted long enough; the session goes on."""
    code, reason = ErrorCode.TRANSCRIPTION_FAILED, Reason.AUDIO_LIMIT
    return Ending(error=Error(code, reason, received_samples=received_samples))
