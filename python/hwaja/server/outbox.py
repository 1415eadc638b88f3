"""What is on its way to a client: answers in order, of interim texts the latest.

An answer is never dropped. It is kept until the client certainly has it, so that it can be sent
again on another connection. An interim text that the client was too slow to take gives way to the
next one of its segment, so that a slow client costs a bounded amount of memory for them. `Sender`
writes a session's messages into it, in the form and the order that each needs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from itertools import count
from typing import Generic, TypeVar

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

Item = TypeVar("Item")

MOST_ITEMS = 1024
"""With so many items waiting, nothing more is taken from the client, and of those that were sent so
many are kept: more than in an hour of conversation, and than can be said in the time between two
pings."""


class Outbox(Generic[Item]):
    """Items in the order in which they are to be sent."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[object, Item] = OrderedDict()
        self._sent: OrderedDict[int, Item] = OrderedDict()
        self._numbers = count(1)
        self._filled = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()

    @property
    def last_sent(self) -> int:
        """The number of the last answer that was taken; 0 where none is unconfirmed."""
        return next(reversed(self._sent), 0)

    def put(self, item: Item) -> None:
        """Add an answer behind all others."""
        self._waiting[next(self._numbers)] = item
        self._count()

    def put_latest(self, topic: object, item: Item) -> None:
        """Add an item behind all others in place of the last one on the same topic."""
        key = ("latest", topic)
        self._waiting.pop(key, None)
        self._waiting[key] = item
        self._count()

    def put_first(self, item: Item) -> None:
        """Add an item before all others; it is not kept."""
        self._waiting["first"] = item
        self._waiting.move_to_end("first", last=False)
        self._count()

    async def get(self) -> Item:
        """Take the first item, waiting for one."""
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
        """Forget answers up to this one, which the client certainly has."""
        while self._sent and next(iter(self._sent)) <= number:
            self._sent.popitem(last=False)

    def rewind(self) -> None:
        """Have all that the client may lack taken again, before the others."""
        while self._sent:
            key, item = self._sent.popitem()
            self._waiting[key] = item
            self._waiting.move_to_end(key, last=False)
        self._count()

    @property
    def has_room(self) -> bool:
        """Whether the client takes what it is sent."""
        return self._roomy.is_set()

    async def room(self) -> None:
        """Wait until there is room."""
        await self._roomy.wait()

    def forget(self) -> None:
        """Drop everything."""
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
