"""Serves uploads: admits a client, gives its file a place, and sends the transcript.

Files have places of their own, so no client on a WebSocket is refused because of them. Their work
is done by workers that no such client needs, and with the most thorough search.
"""

import asyncio
import json
import math
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from http import HTTPStatus

import structlog
from multipart import parse_options_header
from websockets.datastructures import Headers

from hwaja.observability.metrics import FileOutcome
from hwaja.privacy.error_redaction import describe
from hwaja.protocol.codes import Rejection
from hwaja.server.access.access_policy import (
    AccessPolicy,
    Admission,
    TooManyOfferedError,
    credentials_of,
)
from hwaja.server.access.bearer import shown_tokens
from hwaja.server.availability import Availability
from hwaja.server.config import Config
from hwaja.server.files.file_job import FileJob
from hwaja.server.files.form import Part, parts_of
from hwaja.server.files.http_exchange import Exchange, GoneError
from hwaja.server.files.problems import FileError, Problem
from hwaja.server.files.upload_options import (
    JSON,
    STREAM,
    TYPES,
    WRITERS,
    UploadOptions,
    check_name,
    options_of,
)
from hwaja.server.http.header_lists import members
from hwaja.server.http.plain_http import explained
from hwaja.server.network.listening import OpeningLimiter
from hwaja.server.network.networks import network_of
from hwaja.server.services import Services
from hwaja.server.sessions.session_registry import Holder, SessionEntry, SessionRegistry
from hwaja.server.sessions.session_runner import SessionRunner
from hwaja.transcripts.transcript import Message, Transcript
from hwaja.workers.overload import Overload

HELD_BYTES = 16 << 20
"""A file that is the first part of its form is held up to this length, since voices and options may
follow it."""

MAX_BYTES_PER_SECOND = 400_000
"""A file may have so many bytes for each second of the longest audio: two channels of 48 kHz in
floats."""

_BLOCK_BYTES = 64 * 1024

_log = structlog.get_logger("hwaja.server.files")


class FileService:
    """Transcribes the files of all clients."""

    def __init__(
        self,
        services: Services,
        config: Config,
        policy: AccessPolicy,
        note_rejection: Callable[[Rejection], None],
        opening_limiter: OpeningLimiter,
        availability: Availability,
    ) -> None:
        """Prepare to serve.

        Args:
            services: the services that all sessions share.
            config: limits and timeouts.
            policy: decides who may send files.
            note_rejection: called for each client that gets no place.
            opening_limiter: counts the connections that have no place yet.
            availability: says when a leaving server takes no more files.

        """
        max_seconds = config.max_file_seconds
        self._services = replace(
            services,
            settings=replace(services.settings, max_audio_seconds=2 * max_seconds),
            overload=Overload(),  # what waits for all others is not late
            are_patient=True,
        )
        self._config = replace(config, max_session_seconds=max_seconds)
        self._policy = policy
        self._metrics = services.metrics
        self._note_rejection = note_rejection
        self._opening_limiter = opening_limiter
        self._availability = availability
        self.registry = SessionRegistry[SessionRunner](config, config.max_file_jobs)
        """The places for files."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, which begins with the request line of an upload."""
        exchange = Exchange(reader, writer)
        task = asyncio.ensure_future(self._answer(exchange))
        self._tasks.add(task)
        try:
            await task
            await exchange.close()
        except GoneError:
            pass
        finally:
            self._tasks.discard(task)
            exchange.abort()

    async def close(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, exchange: Exchange) -> None:
        """Send the transcript, or why there is none.

        Raises:
            GoneError: where the client is gone.

        """
        outcome = FileOutcome.GONE
        try:
            await self._transcribe(exchange)
            outcome = FileOutcome.TRANSCRIBED
        except GoneError:
            raise
        except Exception as error:
            if not isinstance(error, FileError):
                _log.error("upload failed", **describe(error))
            refusal = error if isinstance(error, FileError) else FileError.of(Problem.SERVER_FAILED)
            outcome = FileOutcome.REFUSED
            _log.info("file refused", reason=refusal.fields["reason"])
            await _send_error(exchange, refusal)
        finally:
            self._metrics.file_ended(outcome)

    async def _transcribe(self, exchange: Exchange) -> None:
        try:
            async with asyncio.timeout(self._config.handshake_seconds):
                target, headers = await exchange.head()
        except TimeoutError:
            raise FileError.of(Problem.UPLOAD_STALLED) from None
        client = self._admitted(target, headers)
        options = options_of(target.partition("?")[2], members(headers, "Accept"))
        entry = self._seat(exchange, client)
        try:
            working = asyncio.create_task(self._work(exchange, headers, options, entry.runner))
            await _unless_gone(working, exchange)
        finally:
            await self.registry.leave(entry)

    def _admitted(self, target: str, headers: Headers) -> Admission:
        """Return what a client may do.

        Raises:
            FileError: where it may not send files.

        """
        try:
            shown = credentials_of(target, headers)
        except TooManyOfferedError:
            raise FileError.of(Problem.BAD_REQUEST) from None
        # A page can set this header here, other than for a WebSocket.
        credentials = replace(shown, offered_tokens=shown_tokens(headers))
        if self._policy.pages.misses(headers.get("Host")):
            raise _rejected(Rejection.HOST)
        answer = self._policy.admit(credentials)
        if isinstance(answer, Rejection):
            self._note_rejection(answer)
            raise _rejected(answer)
        return answer

    def _seat(self, exchange: Exchange, client: Admission) -> SessionEntry[SessionRunner]:
        """Return a place for the file, with its session.

        Raises:
            FileError: where none is free for this client.

        """
        address = self._opening_limiter.address_of(exchange.transport)
        holder = Holder(network_of(address), client.tokens)
        now = time.monotonic()
        if self._availability.refuses_all:
            self._note_rejection(Rejection.DRAINING)
            raise FileError.of(Problem.SERVER_STOPPED)
        refusal = self.registry.refusal(holder, now)
        if refusal is not None:
            self._note_rejection(refusal)
            raise FileError.of_full(refusal)
        seconds = min(client.max_session_seconds or math.inf, self._config.max_session_seconds)
        config = replace(self._config, max_session_seconds=seconds)
        runner = SessionRunner(self._services, config, secrets.token_hex(4))
        runner.subjects = client.subjects
        self._opening_limiter.stop_counting(exchange.transport)
        return self.registry.take(runner, holder, now)

    async def _work(
        self, exchange: Exchange, headers: Headers, options: UploadOptions, runner: SessionRunner
    ) -> None:
        async def report(message: Message) -> None:
            if options.format == STREAM:
                await _send_line(exchange, message)

        job = FileJob(runner, self._config.max_file_seconds, options.names, report)
        await job.begin()
        most_bytes = MAX_BYTES_PER_SECOND * self._config.max_file_seconds
        media_type, parameters = parse_options_header(headers.get("Content-Type", ""))
        async with aclosing(_limited(exchange.body(), most_bytes)) as body:
            if media_type == "multipart/form-data":
                async with aclosing(parts_of(body, parameters.get("boundary", ""))) as parts:
                    transcript = await _transcribed(parts, job, options)
            else:
                transcript = await job.transcribe(body, options.start(job.voices))
        await _send(exchange, options, transcript)


async def _transcribed(
    parts: AsyncIterator[Part], job: FileJob, options: UploadOptions
) -> Transcript:
    """Return the transcript of the file in a form.

    A file behind other parts is transcribed as it comes, so nothing may follow it.

    Raises:
        FileError: where the form has no file, or a wrong part.

    """
    held: bytes | None = None
    transcript: Transcript | None = None
    is_first = True
    async for part in parts:
        if transcript is not None:
            raise FileError.of(Problem.LATE_PART)
        match part.name:
            case "file" if held is None:
                held, is_whole = await _start_of(part.content, HELD_BYTES if is_first else 0)
                if not is_whole:
                    rest = _chained(held, part.content)
                    transcript = await job.transcribe(rest, options.start(job.voices))
            case "voice":
                await job.enrol(part.content)
            case "ticket":
                await job.restore((await part.text()).strip())
            case name:
                check_name(name)  # a file under a wrong name is not read as a text
                options.add(name, await part.text())
        is_first = False
    if held is None:
        raise FileError.of(Problem.NO_FILE)
    return transcript or await job.transcribe(_chained(held), options.start(job.voices))


async def _start_of(content: AsyncIterator[bytes], most_bytes: int) -> tuple[bytes, bool]:
    """Return the start of a part, and whether it is all of it, in at most so many bytes."""
    held = bytearray()
    async for block in content:
        held += block
        if len(held) > most_bytes:
            return bytes(held), False
    return bytes(held), True


async def _chained(held: bytes, rest: AsyncIterator[bytes] | None = None) -> AsyncGenerator[bytes]:
    for offset in range(0, len(held), _BLOCK_BYTES):
        yield held[offset : offset + _BLOCK_BYTES]
    if rest is not None:
        async for block in rest:
            yield block


async def _limited(body: AsyncIterator[bytes], most_bytes: float) -> AsyncGenerator[bytes]:
    """Yield a body, of at most so many bytes."""
    read_bytes = 0
    async for block in body:
        read_bytes += len(block)
        if read_bytes > most_bytes:
            raise FileError.of(Problem.FILE_TOO_LARGE)
        yield block


async def _unless_gone(working: asyncio.Task[None], exchange: Exchange) -> None:
    """Wait for a job. If its client goes, cancel the job.

    Raises:
        GoneError: where the client goes.
        FileError: that of the job.

    """
    gone = asyncio.create_task(exchange.gone())
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise GoneError
        working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


def _rejected(reason: Rejection) -> FileError:
    status, text = explained(reason)
    fields = {"code": "CONNECTION_FAILED", "reason": reason.value, "message": text.strip()}
    is_token = status is HTTPStatus.UNAUTHORIZED
    return FileError(status, fields, {"WWW-Authenticate": "Bearer"} if is_token else {})


async def _send(exchange: Exchange, options: UploadOptions, transcript: Transcript) -> None:
    """Send a transcript in the wanted format."""
    if options.format == STREAM:
        await _send_line(exchange, transcript.as_json(details=options.details))
        await exchange.end()
        return
    writer = WRITERS.get(options.format)
    text = writer(transcript) if writer else _json(transcript.as_json(details=options.details))
    media_type = f"{TYPES[options.format]}; charset=utf-8"
    await exchange.answer(HTTPStatus.OK, media_type, text.encode())


async def _send_error(exchange: Exchange, error: FileError) -> None:
    """Send an error: as a response, or as the last line of one that has begun."""
    if exchange.has_begun:
        await _send_line(exchange, error.fields)
        await exchange.end()
    else:
        content = _json(error.fields).encode()
        await exchange.answer(error.status, TYPES[JSON], content, error.headers)


async def _send_line(exchange: Exchange, message: Message) -> None:
    if not exchange.has_begun:
        await exchange.begin(HTTPStatus.OK, TYPES[STREAM])
    await exchange.write(_json(message).encode())


def _json(message: Message) -> str:
    return json.dumps(message, ensure_ascii=False) + "\n"
