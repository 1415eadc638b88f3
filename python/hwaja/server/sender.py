"""Writes the messages of one session to its client, in the form and the order that each needs."""

from collections.abc import Iterator
from itertools import count

from structlog.typing import FilteringBoundLogger

from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.messages import (
    AudioReceived,
    Error,
    Interim,
    ModelLoaded,
    PassingMessage,
    ServerMessage,
    TooFarAhead,
)
from hwaja.protocol.serialize import serialize
from hwaja.server.outbox import Outbox


class Sender:
    """Puts a session's messages into its outbox."""

    def __init__(
        self, outbox: Outbox[str | CloseCode], max_speakers: int, log: FilteringBoundLogger
    ) -> None:
        """Prepare to send to a client that does not come back."""
        self._outbox = outbox
        self._max_speakers = max_speakers
        self._log = log
        self._numbers: Iterator[int] | None = None
        self._errors_logged: set[tuple[ErrorCode, Reason]] = set()

    def begin_to_number(self) -> None:
        """Give each message that is sent from now on a number: the client may come back."""
        self._numbers = count(1)

    def send(self, message: ServerMessage, *, details: bool) -> None:
        """Send a message; `details` is whether the client asked for more than is specified."""
        if isinstance(message, Error):
            self._log_error(message)
        passing = isinstance(message, PassingMessage)
        number = None if passing or self._numbers is None else next(self._numbers)
        text = serialize(message, details=details, max_speakers=self._max_speakers, number=number)
        match message:
            case ModelLoaded():
                self._outbox.put_first(text)
            case Interim(segment_id):
                self._outbox.put_latest(segment_id, text)
            case AudioReceived() | TooFarAhead():
                self._outbox.put_latest(type(message), text)
            case _:
                self._outbox.put(text)

    def _log_error(self, error: Error) -> None:
        """Log each kind of error once: who repeats one must not fill the log with it."""
        kind = (error.code, error.reason)
        if kind not in self._errors_logged:
            self._errors_logged.add(kind)
            self._log.info("error sent", code=error.code, reason=error.reason)
