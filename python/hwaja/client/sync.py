"""The client for programs without asyncio: the same, in a thread of its own."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar

from hwaja.client import session
from hwaja.client.chunks import Chunks
from hwaja.client.told import Told
from hwaja.messages import RegistrationCompleted

Result = TypeVar("Result")


class Client:
    """A session; see `hwaja.client.Client`. May be used by one thread at a time."""

    def __init__(self, client: session.Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def enrol(self, speaker_id: int, voice: Chunks, *, add: bool = False) -> RegistrationCompleted:
        """Enrol a voice; see `hwaja.client.Client.enrol`."""
        return _await(self._loop, self._client.enrol(speaker_id, voice, add=add))

    def transcribe(self, talk: Chunks, **wishes: Any) -> Generator[Told]:
        """Send a conversation and yield what is answered; see `hwaja.client.Client.transcribe`."""
        answers = self._client.transcribe(talk, **wishes)
        try:
            while (told := _await(self._loop, _next(answers))) is not None:
                yield told
        finally:
            _await(self._loop, answers.aclose())


@contextmanager
def connect(url: str, **options: Any) -> Iterator[Client]:
    """Open a session; see `hwaja.client.connect` for the options and what is raised."""
    with _running_loop() as loop:
        opened = session.connect(url, **options)
        client = _await(loop, opened.__aenter__())
        try:
            yield Client(client, loop)
        finally:
            _await(loop, opened.__aexit__(None, None, None))


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = Thread(target=loop.run_forever, name="hwaja.client", daemon=True)
        thread.start()
        try:
            yield loop
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _await(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Result]) -> Result:
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:  # Ctrl-C, above all
        future.cancel()
        raise


async def _next(answers: AsyncGenerator[Told]) -> Told | None:
    return await anext(answers, None)
