"""Queues messages for a client: all answers in order, and the latest interim text of each segment.

The outbox never drops an answer. It keeps the answer until the client has confirmed it, so that it
can send the answer again on another connection. A newer interim text replaces an unsent one of the
same segment, so interim texts for a slow client take a bounded amount of memory. `Sender`
serialises a session's messages and puts them into the outbox in the order that each kind needs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeVar

from structlog.typing import FilteringBoundLogger

from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    AudioReceived,
    Error,
    Interim,
    ModelLoaded,
    PassingMessage,
    ServerMessage,
    TooFarAhead,
    VoiceSealed,
)
from hwaja.protocol.values import RequestId

Item = TypeVar("Item")

MOST_ITEMS = 1024
"""Limit on unsent items and on items that are sent but unconfirmed.

With this many unsent items, the session takes no more messages from the client. An hour of
conversation has fewer, and so has the time between two pings.
"""


class Outbox(Generic[Item]):
    """A queue of items in the order in which the writer sends them."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[object, Item] = OrderedDict()
        self._sent: OrderedDict[int, Item] = OrderedDict()
        self._numbers = count(1)
        self._filled = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()

    @property
    def last_sent(self) -> int:
        """The number of the last answer that `get` returned; 0 where no answer is unconfirmed."""
        return next(reversed(self._sent), 0)

    def put(self, item: Item) -> None:
        """Append an answer to the queue."""
        self._waiting[next(self._numbers)] = item
        self._count()

    def put_latest(self, topic: object, item: Item) -> None:
        """Append an item to the queue and remove an unsent item of the same topic."""
        key = ("latest", topic)
        self._waiting.pop(key, None)
        self._waiting[key] = item
        self._count()

    def put_first(self, item: Item) -> None:
        """Insert an item at the head of the queue; it is not kept after it was sent."""
        self._waiting["first"] = item
        self._waiting.move_to_end("first", last=False)
        self._count()

    async def get(self) -> Item:
        """Remove and return the first item; wait while the queue is empty."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        key, item = self._waiting.popitem(last=False)
        if isinstance(key, int):
            self._sent[key] = item
            if len(self._sent) > MOST_ITEMS:
                self._sent.popitem(last=False)
        self._count()
        return item

    def confirm(self, number: int) -> None:
        """Drop the answers up to `number`: the client has received them."""
        while self._sent and next(iter(self._sent)) <= number:
            self._sent.popitem(last=False)

    def rewind(self) -> None:
        """Put the unconfirmed answers at the head of the queue again, in their order."""
        while self._sent:
            key, item = self._sent.popitem()
            self._waiting[key] = item
            self._waiting.move_to_end(key, last=False)
        self._count()

    @property
    def has_room(self) -> bool:
        """Whether fewer than `MOST_ITEMS` wait."""
        return self._roomy.is_set()

    async def room(self) -> None:
        """Wait until `has_room` is true."""
        await self._roomy.wait()

    def forget(self) -> None:
        """Drop all items, sent and unsent."""
        self._waiting.clear()
        self._sent.clear()
        self._count()

    def _count(self) -> None:
        if self._waiting:
            self._filled.set()
        if len(self._waiting) < MOST_ITEMS:
            self._roomy.set()
        else:
            self._roomy.clear()


class Sender:
    """Serialises a session's messages and puts them into its outbox."""

    def __init__(
        self,
        outbox: Outbox[str | CloseCode],
        on_message: Callable[[ServerMessage], None],
        max_speakers: int,
        log: FilteringBoundLogger,
    ) -> None:
        """Prepare to send to a client that cannot resume its session: messages have no numbers.

        Args:
            outbox: of the client.
            on_message: called with each message.
            max_speakers: the server's number.
            log: of the session.

        """
        self._outbox = outbox
        self._on_message = on_message
        self._max_speakers = max_speakers
        self._log = log
        self._numbers: Iterator[int] | None = None
        self._errors_logged: set[tuple[ErrorCode, Reason]] = set()

    def begin_to_number(self) -> None:
        """Give each later message a number, since the client may resume its session."""
        self._numbers = count(1)

    def send(
        self, message: ServerMessage, *, details: bool, request_id: RequestId | None = None
    ) -> None:
        """Send a message.

        Args:
            message: what to send.
            details: whether the client asked for the fields beyond the specification.
            request_id: of the client's message that this answers; None: there is none.

        """
        if isinstance(message, Error):
            self._log_error(message)
        self._on_message(message)
        passing = isinstance(message, PassingMessage)
        number = None if passing or self._numbers is None else next(self._numbers)
        text = serialize(
            message,
            details=details,
            max_speakers=self._max_speakers,
            number=number,
            request_id=request_id,
        )
        match message:
            case ModelLoaded():
                self._outbox.put_first(text)
            case Interim(segment_id):
                self._outbox.put_latest(segment_id, text)
            case VoiceSealed(speaker_id):
                self._outbox.put_latest((VoiceSealed, speaker_id), text)
            case AudioReceived() | TooFarAhead():
                self._outbox.put_latest(type(message), text)
            case _:
                self._outbox.put(text)

    def _log_error(self, error: Error) -> None:
        """Log each kind of error once, so that a client that repeats one cannot fill the log."""
        kind = (error.code, error.reason)
        if kind not in self._errors_logged:
            self._errors_logged.add(kind)
            self._log.info("error sent", code=error.code, reason=error.reason)
