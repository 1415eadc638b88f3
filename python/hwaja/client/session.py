"""One session with a server: enrol voices, then transcribe."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import aclosing, asynccontextmanager
from os import PathLike
from typing import Any

from hwaja.client.chunks import Chunks, pcm_chunks
from hwaja.client.client_events import ClientEvent
from hwaja.client.decoding import read, read_enrolled
from hwaja.client.dialogue import Dialogue
from hwaja.client.errors import Message
from hwaja.client.link import Address, Link
from hwaja.client.phase import ENROLMENT, TRANSCRIPTION, Kind, Phase
from hwaja.client.timeline import MonotonicTimestamps
from hwaja.client.trust import client_tls
from hwaja.protocol.messages import RegistrationCompleted


class Client:
    """A session; one enrolment or transcription at a time. See `connect`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._timestamps = MonotonicTimestamps()
        self._changed = asyncio.Event()

    async def enrol(
        self, speaker_id: int, voice: Chunks, *, add: bool = False
    ) -> RegistrationCompleted:
        """Enrol a voice.

        Args:
            speaker_id: whose it is, from 0.
            voice: 3-5 s of speech of one person.
            add: whether it is added to the speaker's earlier takes, or replaces them.

        Raises:
            RefusedError: where the server does not accept the voice; an earlier one stays.
            SessionLostError: where the connection is lost for too long.
            ClientError: where the server ends the session, or a sound file cannot be read.
            TypeError, ValueError: where the voice is no PCM16.

        """
        messages = self.enrol_messages(speaker_id, voice, add=add)
        *_, completed = [message async for message in messages]
        return read_enrolled(completed)

    async def transcribe(
        self,
        talk: Chunks,
        *,
        interim_results: bool = False,
        speaker_updates: bool = False,
        adapt: bool = False,
        language: str | None = None,
        hotwords: Iterable[str | Message] = (),
    ) -> AsyncGenerator[ClientEvent]:
        """Send a conversation as it comes, and yield what is answered.

        The last is a `TranscriptionStopped`. One that is longer than the server's longest
        transcription goes on in the next; times count from its beginning, the figures of the last
        message from the beginning of its last part. For what can be asked for see docs/protocol.md.

        Args:
            talk: audio; chunks may go on for ever, as a microphone's do.
            interim_results: whether to tell what is being said before it is over.
            speaker_updates: whether to correct who said something.
            adapt: whether voices may learn.
            language: code of the language; None: the server's.
            hotwords: what to expect.

        Raises:
            RefusedError: where the server does not begin, or does not go on.
            SessionLostError, ClientError: as `enrol`.
            Exception: whatever `talk` raises.

        """
        asked = {
            "interim_results": interim_results,
            "speaker_updates": speaker_updates,
            "adapt": adapt,
            "language": language,
            "hotwords": list(hotwords),
        }
        options = {key: value for key, value in asked.items() if value}
        async with aclosing(self.transcribe_messages(talk, options)) as messages:
            async for message in messages:
                told = read(message)
                if told is not None:
                    yield told

    def enrol_messages(
        self, speaker_id: int, voice: Chunks, *, add: bool = False
    ) -> AsyncGenerator[Message]:
        """Enrol as `enrol`, and yield the server's messages as they are."""
        options: Message = {"speaker_id": speaker_id, "details": True}
        return self._run(ENROLMENT, voice, options | ({"add": True} if add else {}))

    def transcribe_messages(self, talk: Chunks, options: Message) -> AsyncGenerator[Message]:
        """Transcribe as `transcribe`, and yield the server's messages as they are.

        Args:
            talk: as `transcribe`.
            options: fields of `start_transcription`; `details` is asked for in any case.

        """
        return self._run(TRANSCRIPTION, talk, {**options, "details": True})

    async def _run(self, kind: Kind, audio: Chunks, options: Message) -> AsyncGenerator[Message]:
        chunks = await pcm_chunks(audio)
        await self._link.work()
        is_confirmed = self._link.is_confirmed
        dialogue = Dialogue(kind, options, self._timestamps, is_confirmed=is_confirmed)
        workers = {
            asyncio.create_task(self._feed(dialogue.phase, chunks)),
            asyncio.create_task(self._send(dialogue.phase)),
        }
        try:
            while not dialogue.is_over:
                message = await _unless_failed(self._link.receive(), workers)
                for told in dialogue.take(message):
                    yield told
                self._changed.set()
        finally:
            if dialogue.is_over:
                self._link.rest()
            else:  # nobody would read what the server goes on to say of it
                await self._link.close()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await chunks.aclose()

    async def _feed(self, phase: Phase, chunks: AsyncIterator[bytes]) -> None:
        """Take audio while there is room for it."""
        async for chunk in chunks:
            while not phase.has_room:
                await self._change()
            phase.append(chunk)
            self._changed.set()
        phase.finish()
        self._changed.set()

    async def _send(self, phase: Phase) -> None:
        while True:
            item = phase.next()
            if item is None:
                await self._change()
            else:
                await self._link.send(item)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def _unless_failed(
    receiving: Coroutine[Any, Any, Message], workers: set[asyncio.Task[None]]
) -> Message:
    """Return what is received; raise what a worker raises before."""
    receipt = asyncio.ensure_future(receiving)
    try:
        while not receipt.done():
            done, _ = await asyncio.wait({receipt, *workers}, return_when=asyncio.FIRST_COMPLETED)
            for worker in done & workers:
                workers.discard(worker)
                worker.result()
        return receipt.result()
    finally:
        receipt.cancel()


@asynccontextmanager
async def connect(
    url: str,
    *,
    cafile: str | PathLike[str] | None = None,
    verify: bool = True,
    token: str | None = None,
    on_away: Callable[[], None] = lambda: None,
) -> AsyncIterator[Client]:
    """Open a session with a server.

    A connection that is lost is replaced by itself, for a minute: voices, what was heard and what
    is still to be answered are kept. An enrolment or a transcription that is left before it is over
    ends the session.

    Args:
        url: wss://, or ws:// to a server without TLS.
        cafile: a file with a certificate to trust beside the system's, PEM.
        verify: False accepts any certificate.
        token: what the server wants of those it lets in.
        on_away: called when the connection is lost and another is tried.

    Raises:
        CertificateError: where its certificate is not trusted.
        UnauthorizedError: where it wants a token, or does not know this one.
        ClientError: where there is no server, or it refuses; where `cafile` cannot be read.

    """
    link = Link(Address(url, client_tls(cafile, verify=verify), token), on_away)
    await link.open()
    link.rest()
    try:
        yield Client(link)
    finally:
        await link.close()
