"""The client for programs without asyncio: the asyncio client on a loop in its own thread."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from contextlib import contextmanager
from os import PathLike
from threading import Thread
from typing import Any, TypedDict, TypeVar, Unpack

from hwaja.client import session
from hwaja.client.chunks import Chunks
from hwaja.client.client_events import ClientEvent
from hwaja.client.errors import Message
from hwaja.client.shared_link import SharedLink
from hwaja.protocol.audio import PLAIN, AudioConfig
from hwaja.protocol.server_messages import RegistrationCompleted
from hwaja.protocol.values import Event, Hello

Result = TypeVar("Result")


class TranscriptionOptions(TypedDict, total=False):
    """The options of `Client.transcribe`."""

    interim_results: bool
    speaker_updates: bool
    adapt: bool
    discover: bool
    separate_strangers: bool
    max_speakers: int | None
    language: str | None
    hotwords: Iterable[str | Message]
    events: Iterable[Event | str]
    by_channel: bool
    audio: AudioConfig


class Options(TypedDict, total=False):
    """The options of `connect`."""

    cafile: str | PathLike[str] | None
    verify: bool
    token: str | None
    on_away: Callable[[], None]
    on_back: Callable[[], None]


class _Loop:
    """An event loop in its own thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @property
    def is_closed(self) -> bool:
        """Whether the loop is closed, which it is after the session."""
        return self._loop.is_closed()

    def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work` on the loop and return its result.

        If the wait is interrupted, by Ctrl-C for example, cancel `work` and wait for its end first.

        Raises:
            BaseException: whatever `work` raises, or the interruption.

        """
        ended: Future[Result] = Future()
        tasks: list[asyncio.Task[Result]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            tasks[0].add_done_callback(lambda task: _copy_outcome(task, ended))

        self._loop.call_soon_threadsafe(begin)
        try:
            return ended.result()
        except BaseException:  # Ctrl-C, above all
            self._loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            wait_for_futures([ended])
            raise


def _copy_outcome(task: asyncio.Task[Result], ended: "Future[Result]") -> None:
    if task.cancelled():
        ended.set_exception(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        ended.set_exception(error)
    else:
        ended.set_result(task.result())


class Client:
    """A session; see `hwaja.client.Client`. Use it from one thread at a time."""

    def __init__(self, client: session.Client, loop: _Loop) -> None:
        self._client = client
        self._loop = loop

    @property
    def server(self) -> Hello | None:
        """What the server can do; see `hwaja.client.Client.server`."""
        return self._client.server

    def enrol(
        self,
        speaker_id: int,
        voice: Chunks,
        *,
        add: bool = False,
        ticket: bool = False,
        audio: AudioConfig = PLAIN,
    ) -> RegistrationCompleted:
        """Enrol a voice; see `hwaja.client.Client.enrol`."""
        enrolment = self._client.enrol(speaker_id, voice, add=add, ticket=ticket, audio=audio)
        return self._loop.wait_for(enrolment)

    def restore(self, speaker_id: int, ticket: str) -> RegistrationCompleted:
        """Enrol the voice of a ticket; see `hwaja.client.Client.restore`."""
        return self._loop.wait_for(self._client.restore(speaker_id, ticket))

    def name_speaker(self, speaker_id: int, name: str) -> None:
        """Give a speaker a name; see `hwaja.client.Client.name_speaker`."""
        self._loop.wait_for(self._client.name_speaker(speaker_id, name))

    def share(self, key: str | None = None) -> SharedLink:
        """Let others read along by a link; see `hwaja.client.Client.share`."""
        return self._loop.wait_for(self._client.share(key))

    def stop_sharing(self) -> None:
        """End the link; see `hwaja.client.Client.stop_sharing`."""
        self._loop.wait_for(self._client.stop_sharing())

    def transcribe(
        self, talk: Chunks, **options: Unpack[TranscriptionOptions]
    ) -> Generator[ClientEvent]:
        """Send a conversation, yield the answers; see `hwaja.client.Client.transcribe`."""
        answers = self._client.transcribe(talk, **options)
        try:
            while (event := self._loop.wait_for(_next(answers))) is not None:
                yield event
        finally:
            if not self._loop.is_closed:  # the generator may outlive the session
                self._loop.wait_for(answers.aclose())


@contextmanager
def connect(url: str | Sequence[str], **options: Unpack[Options]) -> Iterator[Client]:
    """Open a session; see `hwaja.client.connect` for the options and errors."""
    with _running_loop() as loop:
        opened = session.connect(url, **options)
        client = loop.wait_for(opened.__aenter__())
        try:
            yield Client(client, loop)
        finally:
            loop.wait_for(opened.__aexit__(None, None, None))


@contextmanager
def _running_loop() -> Iterator[_Loop]:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = Thread(target=loop.run_forever, name="hwaja.client", daemon=True)
        thread.start()
        try:
            yield _Loop(loop)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


async def _next(answers: AsyncGenerator[ClientEvent]) -> ClientEvent | None:
    return await anext(answers, None)
