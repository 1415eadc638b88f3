"""One session with a server: enrol voices, then transcribe."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from os import PathLike
from typing import Any

import msgspec

from hwaja.client.chunks import Chunks, Command, audio_chunks, sent_as
from hwaja.client.client_events import ClientEvent
from hwaja.client.decoding import read, read_enrolled
from hwaja.client.dialogue import Dialogue
from hwaja.client.errors import ClientError, Message, RefusedError
from hwaja.client.link import Address, Link
from hwaja.client.phase import ENROLMENT, RESTORATION, TRANSCRIPTION, Kind, Phase
from hwaja.client.shared_link import SharedLink, link_of
from hwaja.client.timeline import MonotonicTimestamps
from hwaja.client.trust import client_tls
from hwaja.protocol.audio import PLAIN, AudioConfig, AudioEncoding
from hwaja.protocol.codes import ErrorCode
from hwaja.protocol.links import new_link_key
from hwaja.protocol.server_messages import RegistrationCompleted
from hwaja.protocol.values import Event, Hello


class Client:
    """A session with a server. It runs one enrolment or transcription at a time. See `connect`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._timestamps = MonotonicTimestamps()
        self._changed = asyncio.Event()
        self._is_running = False  # an enrolment or a transcription
        self._names: dict[int, Message] = {}  # that are not answered yet

    @property
    def server(self) -> Hello | None:
        """What the server can do, and its limits. None: it is too old to tell."""
        return self._link.hello

    async def enrol(
        self,
        speaker_id: int,
        voice: Chunks,
        *,
        add: bool = False,
        ticket: bool = False,
        audio: AudioConfig = PLAIN,
    ) -> RegistrationCompleted:
        """Enrol a voice.

        Args:
            speaker_id: id of the speaker, from 0.
            voice: 3-5 s of one person's speech.
            add: True adds the take to the speaker's earlier takes. False replaces them.
            ticket: whether the result has a `ticket`, with which `restore` enrols the voice in a
                later session.
            audio: how the voice is encoded.

        Raises:
            RefusedError: if the server refuses the voice. An earlier voice stays enrolled.
            SessionLostError: if the connection is lost for too long.
            ClientError: if the server ends the session, or a sound file cannot be read.
            TypeError, ValueError: if `voice` is not encoded as `audio` says.

        """
        messages = self.enrol_messages(speaker_id, voice, add=add, ticket=ticket, audio=audio)
        *_, completed = [message async for message in messages]
        return read_enrolled(completed)

    async def restore(self, speaker_id: int, ticket: str) -> RegistrationCompleted:
        """Enrol the voice of a ticket, without speech.

        Args:
            speaker_id: id of the speaker, from 0.
            ticket: what `enrol` returned in an earlier session.

        Raises:
            RefusedError: if the server refuses the ticket: `reason` says why. An earlier voice
                stays enrolled.
            SessionLostError, ClientError: as `enrol`.

        """
        messages = self.restore_messages(speaker_id, ticket)
        *_, completed = [message async for message in messages]
        return read_enrolled(completed)

    async def transcribe(
        self,
        talk: Chunks,
        *,
        interim_results: bool = False,
        speaker_updates: bool = False,
        adapt: bool = False,
        discover: bool = False,
        separate_strangers: bool = False,
        max_speakers: int | None = None,
        language: str | None = None,
        hotwords: Iterable[str | Message] = (),
        events: Iterable[Event | str] = (),
        by_channel: bool = False,
        audio: AudioConfig = PLAIN,
    ) -> AsyncGenerator[ClientEvent]:
        """Send a conversation as it arrives, and yield the server's answers.

        The last event is a `TranscriptionStopped`. A conversation may be longer than the server's
        longest transcription: it then continues in another transcription. Times count from the
        beginning of the conversation. The summary of the last event covers the last transcription
        only. docs/protocol.md describes the options.

        Args:
            talk: audio. Its chunks may be endless, as a microphone's are. Between two chunks, a
                `Finalize()` ends the turn: what was said is answered at once, and then a
                `Finalized` is yielded. So do the other commands of `chunks.Command`.
            interim_results: whether to yield interim texts of unfinished utterances.
            speaker_updates: whether to yield corrections of earlier speakers.
            adapt: whether voices may learn from the conversation.
            discover: whether to find speakers by their voices, also if nobody is enrolled. Yields
                corrections.
            separate_strangers: whether people beside the enrolled ones get ids. Yields corrections.
            max_speakers: most speakers, where they are discovered; None: as many as there are ids.
            language: language code; None: the server's default.
            hotwords: words to expect.
            events: what else to yield: where speech starts and ends, what gave no text, how late
                answers come.
            by_channel: whether each channel of the audio is one speaker, so that nobody needs to be
                enrolled.
            audio: how the conversation is encoded. A sound file is sent as PCM16 of 16 kHz, with as
                many channels as this says.

        Raises:
            RefusedError: if the server refuses to begin or to continue.
            SessionLostError, ClientError: as `enrol`.
            Exception: whatever `talk` raises.

        """
        asked = {
            "interim_results": interim_results,
            "speaker_updates": speaker_updates,
            "adapt": adapt,
            "speakers": "channels" if by_channel else "discover" if discover else None,
            "strangers": "separate" if separate_strangers else None,
            "max_speakers": max_speakers,
            "language": language,
            "hotwords": list(hotwords),
            "events": [str(event) for event in events],
        }
        options = {key: value for key, value in asked.items() if value}
        async with aclosing(self.transcribe_messages(talk, options, audio)) as messages:
            async for message in messages:
                event = read(message)
                if event is not None:
                    yield event

    async def name_speaker(self, speaker_id: int, name: str) -> None:
        """Give a speaker who is enrolled or was discovered a name.

        The server then keeps the voice like an enrolled one. During a transcription, the answer is
        one of its events: `SpeakerNamed` or `Failure`. Otherwise this waits for it.

        Args:
            speaker_id: id of the speaker.
            name: at most 50 characters; empty: none any more.

        Raises:
            RefusedError: if nobody has this id, or the name is too long.
            SessionLostError, ClientError: as `enrol`.

        """
        naming = {"type": "name_speaker", "speaker_id": speaker_id, "name": name}
        self._names[speaker_id] = naming
        if self._is_running:
            await self._link.send(naming)
            return
        await self._link.work()
        try:
            await self._link.send(naming)
            while speaker_id in self._names:
                message = await self._link.receive()
                self._link.release()
                await self._follow_names(message)
                if message.get("code") == ErrorCode.SPEAKER_NAMING_FAILED:
                    raise RefusedError(message)
        finally:
            self._names.pop(speaker_id, None)
            self._link.rest()

    async def share(self, key: str | None = None) -> SharedLink:
        """Let others read along by a link, at any time. It goes on if another session takes over.

        Args:
            key: of the link of an earlier session, which goes on with this one. None: the link that
                the session has already, or a new one.

        """
        link = link_of(self._link.url, key or self._link.link_key or new_link_key())
        await self._link.share(link.key)
        return link

    async def stop_sharing(self) -> None:
        """End the link: nobody reads along any more."""
        await self._link.share(None)

    async def _follow_names(self, message: Message) -> None:
        """Send the names again on another connection. Forget those that are answered."""
        if message["type"] == "model_loaded":
            for naming in self._names.values():
                await self._link.send(naming)
        naming = self._names.get(message.get("speaker_id", -1), {})
        is_taken = message["type"] == "speaker_named" and message["name"] == naming.get("name")
        if is_taken or (message.get("code") == ErrorCode.SPEAKER_NAMING_FAILED and naming):
            del self._names[naming["speaker_id"]]

    def enrol_messages(
        self,
        speaker_id: int,
        voice: Chunks,
        *,
        add: bool = False,
        ticket: bool = False,
        audio: AudioConfig = PLAIN,
    ) -> AsyncGenerator[Message]:
        """Enrol as `enrol`, but yield the server's messages without decoding."""
        options: Message = {"speaker_id": speaker_id, "details": True}
        wishes = {"add": add, "ticket": ticket or self._link.roams}
        options |= {name: True for name, is_wanted in wishes.items() if is_wanted}
        return self._run(ENROLMENT, voice, options, audio)

    def restore_messages(self, speaker_id: int, ticket: str) -> AsyncGenerator[Message]:
        """Restore as `restore`, but yield the server's messages without decoding."""
        options = {"speaker_id": speaker_id, "ticket": ticket, "details": True}
        return self._run(RESTORATION, b"", options)

    def transcribe_messages(
        self, talk: Chunks, options: Message, audio: AudioConfig = PLAIN
    ) -> AsyncGenerator[Message]:
        """Transcribe as `transcribe`, but yield the server's messages without decoding.

        Args:
            talk: as `transcribe`.
            options: fields of `start_transcription`. `details` is always set.
            audio: as `transcribe`.

        """
        own = {"answered_samples": True, "tickets": True} if self._link.roams else {}
        return self._run(TRANSCRIPTION, talk, {**options, **own, "details": True}, audio)

    async def _run(
        self, kind: Kind, audio: Chunks, options: Message, config: AudioConfig = PLAIN
    ) -> AsyncGenerator[Message]:
        config = sent_as(audio, config)
        self._check_taken(config)
        chunks = await audio_chunks(audio, config)
        await self._link.work()
        self._is_running = True
        link = self._link
        dialogue = Dialogue(
            kind,
            options,
            self._timestamps,
            is_confirmed=link.is_confirmed,
            roams=link.roams,
            config=config,
        )
        workers = {
            asyncio.create_task(self._feed(dialogue.phase, chunks)),
            asyncio.create_task(self._send(dialogue.phase)),
        }
        try:
            while not dialogue.is_over:
                message = await _unless_failed(self._link.receive(), workers)
                events = list(dialogue.take(message))
                self._link.release()
                await self._follow_names(message)
                self._changed.set()
                for event in events:
                    yield event
        finally:
            self._is_running = False
            if dialogue.is_over:
                self._link.rest()
            else:  # its later messages would remain unread
                await self._link.close()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await chunks.aclose()

    def _check_taken(self, config: AudioConfig) -> None:
        """Raise an error for audio that an older server would take for PCM16 of 16 kHz."""
        encodings = self.server.abilities.encodings if self.server else ()
        if not config.is_specified and AudioEncoding.F32 not in encodings:
            raise ClientError("The server is too old for other audio than PCM16, 16 kHz, mono.")

    async def _feed(self, phase: Phase, chunks: AsyncIterator[bytes | Command]) -> None:
        """Append the chunks to the phase. Wait while the phase has no room."""
        async for chunk in chunks:
            while not phase.has_room:
                await self._change()
            if isinstance(chunk, bytes):
                phase.append(chunk)
            elif phase.kind is TRANSCRIPTION:
                phase.command(msgspec.to_builtins(chunk))
            else:
                raise TypeError("an enrolment has audio only")
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
    """Return the received message. If a worker fails first, raise its exception."""
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
    url: str | Sequence[str],
    *,
    cafile: str | PathLike[str] | None = None,
    verify: bool = True,
    token: str | None = None,
    on_away: Callable[[], None] = lambda: None,
    on_back: Callable[[], None] = lambda: None,
) -> AsyncIterator[Client]:
    """Open a session with a server.

    After a lost connection, the client reconnects for up to one minute. The session keeps its
    voices, its audio and its unanswered utterances. If the caller leaves an enrolment or
    transcription before its end, the session ends.

    Args:
        url: wss://, or ws:// to a server without TLS. Several addresses, or a list with one: the
            client goes on at another server, or at a restarted one, if the session is gone with its
            server, and in another session before the server ends one. The voices come back by
            tickets, and unanswered audio is sent again. All servers need the same ticket keys. One
            address may be that of a balancer.
        cafile: PEM file with a certificate to trust, in addition to the system's.
        verify: False accepts any certificate.
        token: access token, if the server requires one.
        on_away: called when the connection is lost, before the client reconnects.
        on_back: called when the client is connected again.

    Raises:
        CertificateError: if the server's certificate is not trusted.
        UnauthorizedError: if the server requires a token, or does not know this one.
        ClientError: if no server answers, the server refuses, or `cafile` cannot be read.

    """
    urls, tls = [url] if isinstance(url, str) else url, client_tls(cafile, verify=verify)
    addresses = [Address(each, tls, token) for each in urls]
    link = Link(addresses, on_away, on_back, roams=not isinstance(url, str))
    await link.open()
    link.rest()
    try:
        yield Client(link)
    finally:
        await link.close()
