"""Reads iterables that may block, such as a microphone's queue, from the event loop."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import suppress


async def unblocked(chunks: Iterable[object]) -> AsyncGenerator[object]:
    """Yield the items of an iterable. A daemon thread reads them, one per request.

    If the iterable blocks for ever, its thread does as well. Closing the generator does not wait.

    Raises:
        Exception: whatever the iterable raises.

    """
    loop = asyncio.get_running_loop()
    iterator = iter(chunks)
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()  # False: stop
    came: asyncio.Queue[object] = asyncio.Queue()

    def answer() -> None:
        while asked.get():
            found = _next(iterator)
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(came.put_nowait, found)
        if hasattr(iterator, "close"):  # a generator
            iterator.close()

    threading.Thread(target=answer, name="hwaja.client audio", daemon=True).start()
    try:
        while True:
            asked.put(True)
            found = await came.get()
            if found is _END:
                return
            if isinstance(found, Exception):
                raise found
            yield found
    finally:
        asked.put(False)


_END = object()


def _next(iterator: Iterator[object]) -> object:
    try:
        return next(iterator, _END)
    except Exception as error:
        return error
