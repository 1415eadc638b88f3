"""Carries messages between a client's WebSocket and its session, in four tasks.

The reader continues to read while the session is busy, so that it reads the client's pings. It
stops where its buffer is full; further data stays in TCP. The buffered messages go to the session
one at a time, at a limited rate. The writer sends the session's messages. The watch pings the
client and detects that it is gone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from hwaja.privacy.error_redaction import describe
from hwaja.protocol.codes import CloseCode
from hwaja.server.access.token_bucket import TokenBucket
from hwaja.server.config import Config
from hwaja.server.sessions.read_ahead import ReadAhead, Reserve
from hwaja.server.sessions.session_runner import SessionRunner

BURST_SECONDS = 2.0
"""Duration of messages that may arrive at once: after a stall, the network delivers them all."""

READ_FACTOR = 5.0
"""The limit for reading messages, as a multiple of the limit for handing them to the session.

Reading must be faster, since pings lie behind the messages. 20 is enough for clients that send a
file in chunks of 20 ms at 20 times real time.
"""

BURST_AUDIO_SECONDS = 60.0
"""Audio that may arrive at once: a client's buffer after a disconnection, or a short file."""

HELD_AFTER_SECONDS = 5.0
"""The server asks a client to wait when its audio has been buffered for this long.

By then, the session still has to process the audio in its ring buffer.
"""

HOLD_PERIOD_SECONDS = 0.5
"""Time between two checks of how long audio has been buffered."""

_log = structlog.get_logger("hwaja.server.sessions.connection")


class Connection:
    """Carries messages between a client and its session."""

    def __init__(
        self, websocket: ServerConnection, runner: SessionRunner, config: Config, reserve: Reserve
    ) -> None:
        """Prepare a connection; all connections share `reserve` for their buffered messages."""
        self._websocket = websocket
        self._runner = runner
        self._read_ahead = ReadAhead(reserve)
        per_second = config.max_messages_per_second
        self._messages = TokenBucket(per_second, BURST_SECONDS * per_second)
        self._read_messages = TokenBucket(
            READ_FACTOR * per_second, READ_FACTOR * BURST_SECONDS * per_second
        )
        self._audio_seconds = TokenBucket(config.max_audio_speed, BURST_AUDIO_SECONDS)
        self._ping_seconds = config.ping_seconds
        self._log = _log.bind(session=runner.session_id)
        self._has_read = 0  # messages
        self._held_back = False  # the server has stopped reading, and the client is not to blame
        self._is_shut_down = False
        self._finished = asyncio.Event()

    async def run(self) -> bool:
        """Carry messages until the connection ends.

        Returns:
            True where the connection was lost, False where either side closed it.

        """
        helpers = [
            asyncio.create_task(self._guarded(work))
            for work in (self._write, self._watch, self._hold)
        ]
        taking = asyncio.create_task(self._guarded(self._take_all))
        try:
            await self._guarded(self._read)
        finally:
            self._read_ahead.drop()
            self._runner.disconnected()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(taking, *helpers, return_exceptions=True)
            self._finished.set()
            code = self._websocket.close_code
            self._log.info("connection closed", code=None if code is None else int(code))
        return self._was_lost

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a task that the connection depends on; if it fails, close the connection."""
        try:
            await work()
        except ConnectionClosed:
            pass
        except Exception as error:
            self._log.error("connection failed", **describe(error))
            await self._websocket.close(CloseCode.INTERNAL_ERROR)

    async def abandon(self) -> None:
        """Abort the connection; return when the session has handled the last message."""
        self._websocket.transport.abort()
        await self._finished.wait()

    @property
    def has_ended(self) -> bool:
        """Whether all tasks of the connection have ended."""
        return self._finished.is_set()

    def shut_down(self) -> None:
        """Answer the messages that were read, then close the connection: the server stops."""
        self._is_shut_down = True
        self._read_ahead.close()
        if self._finished.is_set():  # no task is left that would shut the session down
            self._runner.shut_down()

    @property
    def _was_lost(self) -> bool:
        protocol = self._websocket.protocol
        if self._runner.over.is_set() or protocol.close_rcvd_then_sent is False:
            return False  # the server closed it
        # A reloaded page closes with 1001. A page that has finished closes with 1000 or no code.
        received = protocol.close_rcvd
        return received is None or received.code == CloseCode.GOING_AWAY

    async def _read(self) -> None:
        async for message in self._websocket:
            await self._keep(message)

    async def _keep(self, message: str | bytes) -> None:
        """Buffer a message as soon as the rate limit allows it and the buffer has room.

        Raises:
            ConnectionClosed: where the client is gone.

        """
        read_at = time.monotonic()
        self._has_read += 1
        self._held_back = True
        try:
            delay_seconds = self._read_messages.take(1, read_at)
            if delay_seconds > 0:
                await self._while_open(asyncio.sleep(delay_seconds))
            if not self._read_ahead.has_room(message):
                await self._while_open(self._read_ahead.room(message))
        finally:
            self._held_back = False
        # Audio that was read before its start message was taken may be encoded in another way. The
        # client is then told another time by which it is ahead, and nothing else is wrong.
        audio_seconds = 0.0 if isinstance(message, str) else self._runner.audio_seconds(message)
        self._read_ahead.put(message, read_at, audio_seconds)
        self._runner.client_waits = True

    async def _take_all(self) -> None:
        try:
            await self._read_ahead.take_all(self._take)
        finally:
            if self._is_shut_down:
                self._runner.shut_down()

    async def _take(self, message: str | bytearray, read_at: float) -> None:
        if not self._runner.outbox.has_room:
            await self._wait_to_be_read()
        await self._wait_turn(message)
        await self._runner.take(message, read_at)
        self._runner.client_waits = self._read_ahead.waits

    async def _wait_turn(self, message: str | bytearray) -> None:
        """Wait until the client's rate limits allow this message."""
        now = time.monotonic()
        delay_seconds = self._messages.take(1, now)
        if not isinstance(message, str):
            audio_seconds = self._runner.audio_seconds(message)
            delay_seconds = max(delay_seconds, self._audio_seconds.take(audio_seconds, now))
        if delay_seconds > 0:
            await self._while_open(asyncio.sleep(delay_seconds))

    async def _while_open(
        self, waiting: Coroutine[Any, Any, None], timeout_seconds: float | None = None
    ) -> bool:
        """Wait while the client is connected.

        For a client that is gone, waiting would keep its messages in memory.

        Returns:
            Whether `waiting` ended within the timeout.

        Raises:
            ConnectionClosed: where the client is gone.

        """
        waits = [asyncio.ensure_future(each) for each in (waiting, self._websocket.wait_closed())]
        try:
            done, _ = await asyncio.wait(
                waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for each in waits:
                each.cancel()
        reason = self._websocket.protocol.close_exc if waits[1] in done else None
        if reason is not None:
            raise reason
        return waits[0] in done

    async def _wait_to_be_read(self) -> None:
        """Wait until a client reads its messages; abort the connection after two ping intervals."""
        if not await self._while_open(self._runner.outbox.room(), 2 * self._ping_seconds):
            self._websocket.transport.abort()

    async def _hold(self) -> None:
        """Send a message when a client's audio is delayed, and another when no audio waits."""
        is_told = False
        while True:
            await asyncio.sleep(HOLD_PERIOD_SECONDS)
            waiting_seconds = self._read_ahead.audio_seconds
            waits_long = self._read_ahead.waited_seconds(time.monotonic()) >= HELD_AFTER_SECONDS
            if waiting_seconds > 0 if is_told else not waits_long:
                continue
            is_told = not is_told
            self._runner.waits(waiting_seconds)

    async def _watch(self) -> None:
        """Ping the client; abort the connection where it sends neither a pong nor anything else."""
        while True:
            await asyncio.sleep(self._ping_seconds)
            sent = self._runner.outbox.last_sent
            answer = asyncio.create_task(self._ping())
            try:
                while not answer.done():
                    read = self._has_read
                    await asyncio.wait([answer], timeout=self._ping_seconds)
                    # While the server does not read, the pong lies behind unread audio.
                    if not (answer.done() or self._held_back) and self._has_read == read:
                        self._websocket.transport.abort()
                        return
            finally:
                answer.cancel()
            await answer
            # TCP keeps the order, so the client has all that was sent before.
            self._runner.outbox.confirm(sent)

    async def _ping(self) -> None:
        try:
            await (await self._websocket.ping())
        except ConnectionClosed:
            await asyncio.Event().wait()  # the reader detects the end and cancels this task

    async def _write(self) -> None:
        while True:
            item = await self._runner.outbox.get()
            if isinstance(item, CloseCode):
                await self._websocket.close(item)
                return
            await self._websocket.send(item)
