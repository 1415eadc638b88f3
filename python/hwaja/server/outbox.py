"""What is on its way to a client: answers in order, of interim texts the latest.

An answer is never dropped. It is kept until the client certainly has it, so that it can be sent
again on another connection. An interim text that the client was too slow to take gives way to the
next one of its segment, so that a slow client costs a bounded amount of memory for them.
"""

import asyncio
from collections import OrderedDict
from itertools import count
from typing import Generic, TypeVar

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
