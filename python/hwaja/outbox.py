"""What is on its way to a client: answers in order, of interim texts the latest.

An answer is never dropped. An interim text that the client was too slow to take gives way to the
next one of its segment, so that a slow client costs a bounded amount of memory for them.
"""

import asyncio
from collections import OrderedDict
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Outbox(Generic[Item]):
    """Items in the order in which they are to be sent."""

    def __init__(self) -> None:
        self._items: OrderedDict[object, Item] = OrderedDict()
        self._numbers = count()
        self._filled = asyncio.Event()

    def put(self, item: Item) -> None:
        """Add an item behind all others."""
        self._items[next(self._numbers)] = item
        self._filled.set()

    def put_latest(self, topic: int, item: Item) -> None:
        """Add an item behind all others in place of the last one on the same topic."""
        key = ("latest", topic)
        self._items.pop(key, None)
        self._items[key] = item
        self._filled.set()

    async def get(self) -> Item:
        """Take the first item, waiting for one."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        return self._items.popitem(last=False)[1]
