"""Transcribes one file: does with a session what a client on a WebSocket does."""

import asyncio
import json
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.server.access.token_bucket import TokenBucket
from hwaja.server.files.decoding import Decoding
from hwaja.server.files.problems import FileError, Problem
from hwaja.server.sessions.session_runner import SessionRunner
from hwaja.transcripts.transcript import Collector, Message, Transcript

MAX_SPEED = 40.0
"""Fastest intake, as a multiple of real time. Speech detection runs on the event loop: a silent
file at this speed takes a sixth of it, in pieces of some 2 ms (bench/RESULTS.md)."""

PROGRESS_SECONDS = 5.0
"""Audio between two reports of progress."""

Report = Callable[[Message], Awaitable[None]]
"""Takes what may interest a client before the end: texts, corrections and progress."""

_REPORTED = frozenset({"transcription", "speaker_update"})

_HARMLESS = frozenset({Reason.ENGINE_FAILED, Reason.WRONG_FORMAT})
"""Reasons of errors after which the transcription goes on: one utterance has no text, which the
summary counts; or the decoded audio sounds like another format."""


class FileJob:
    """The transcription of one file with its voices."""

    def __init__(
        self, runner: SessionRunner, max_seconds: float, names: Sequence[str], report: Report
    ) -> None:
        """Prepare.

        Args:
            runner: a new session for which nobody waits.
            max_seconds: the longest audio.
            names: of the speakers, by id; it may still grow before `transcribe`.
            report: called before the end, in the order of the session's messages.

        """
        self._runner = runner
        self._max_seconds = max_seconds
        self._names = names
        self._report = report
        # The file counts as received at once, however slowly it comes. So no part of it is late,
        # and its times are those of its samples.
        self._received_at = time.monotonic()
        self._speed = TokenBucket(MAX_SPEED, MAX_SPEED)
        self.voices = 0
        """How many voices are enrolled."""

    async def begin(self) -> None:
        """Begin the session.

        Raises:
            FileError: where the server stops.

        """
        self._runner.client_waits = True  # audio that is not there yet has not stopped
        await self._runner.connected(None)
        await self._answer("model_loaded")

    async def enrol(self, sound: AsyncIterable[bytes]) -> None:
        """Enrol the next speaker with a sound file.

        Raises:
            FileError: where it cannot be decoded, or the session refuses the voice.

        """
        of_speaker = {"speaker_id": self.voices, "details": True}
        await self._say({"type": "start_speaker_registration", **of_speaker})
        await self._answer("speaker_registration_started")
        await self._feed(Decoding(sound))
        await self._say({"type": "complete_speaker_registration", **of_speaker})
        await self._answer("speaker_registration_completed")
        self.voices += 1

    async def restore(self, ticket: str) -> None:
        """Enrol the next speaker with a voice ticket.

        Raises:
            FileError: where the session refuses it.

        """
        of_speaker = {"speaker_id": self.voices, "details": True}
        await self._say({"type": "restore_speaker", "ticket": ticket, **of_speaker})
        await self._answer("speaker_registration_completed")
        self.voices += 1

    async def transcribe(self, sound: AsyncIterable[bytes], start: Message) -> Transcript:
        """Transcribe a sound file.

        Args:
            sound: the file.
            start: the `start_transcription` message.

        Raises:
            FileError: where it cannot be decoded, or the session refuses or fails.

        """
        await self._say(start)
        await self._answer("transcription_started")
        decoding = Decoding(sound)
        collector = Collector(dict(enumerate(self._names)))
        stopped = await _beside(self._send(decoding), self._collect(collector))
        return collector.finished(stopped, decoding.skipped_packets)

    async def _send(self, decoding: Decoding) -> None:
        await self._feed(decoding, reports=True)
        await self._say({"type": "stop_transcription"})

    async def _feed(self, decoding: Decoding, *, reports: bool = False) -> None:
        """Give the audio of a file to the session, as fast as it takes it."""
        fed_samples, reported_seconds = 0, 0.0
        async with aclosing(decoding.pcm()) as pieces:
            async for piece in pieces:
                fed_samples += len(piece) // 2
                fed_seconds = fed_samples / SAMPLE_RATE
                if fed_seconds > self._max_seconds:
                    raise FileError.of(Problem.FILE_TOO_LONG)
                await self._take(piece)
                if reports and fed_seconds >= reported_seconds + PROGRESS_SECONDS:
                    reported_seconds = fed_seconds
                    await self._report({"type": "progress", "audio_seconds": round(fed_seconds, 1)})

    async def _take(self, piece: bytearray) -> None:
        """Give a piece of audio to the session once it has room, and overwrite it."""
        try:
            delay_seconds = self._speed.take(len(piece) / 2 / SAMPLE_RATE, time.monotonic())
            await asyncio.sleep(delay_seconds)
            await self._runner.outbox.room()
            await self._runner.take(piece, self._received_at)
            await self._runner.heard()
        finally:
            piece[:] = bytes(len(piece))

    async def _collect(self, collector: Collector) -> Message:
        """Collect the texts; return the `transcription_stopped` message."""
        while True:
            message = await self._next()
            collector.take(message)
            if message["type"] == "transcription_stopped":
                return message
            if message["type"] in _REPORTED:
                await self._report(message)
            if message["type"] == "error" and message["reason"] not in _HARMLESS:
                raise FileError.of_session(message)

    async def _say(self, message: Message) -> None:
        await self._runner.take(json.dumps(message), self._received_at)

    async def _answer(self, kind: str) -> None:
        """Wait for the answer to a message.

        Raises:
            FileError: where it is an error.

        """
        while (message := await self._next())["type"] != kind:
            if message["type"] == "error":
                raise FileError.of_session(message)

    async def _next(self) -> Message:
        """Return the next message of the session.

        Raises:
            FileError: where the session has ended.

        """
        outbox = self._runner.outbox
        item = await outbox.get()
        outbox.confirm(outbox.last_sent)  # it need not be sent again
        if isinstance(item, CloseCode):
            is_fault = item is CloseCode.INTERNAL_ERROR
            raise FileError.of(Problem.SERVER_FAILED if is_fault else Problem.SERVER_STOPPED)
        message: Message = json.loads(item)
        if message["type"] == "error" and message["code"] == ErrorCode.CONNECTION_FAILED:
            raise FileError.of_session(message)
        return message


async def _beside(work: Coroutine[Any, Any, None], result: Coroutine[Any, Any, Message]) -> Message:
    """Do both at once; return the result. If one fails, cancel the other, and raise its error."""
    tasks = asyncio.create_task(work), asyncio.create_task(result)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                task.result()
        return await tasks[1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
