"""One connection of a client: its socket, and the tasks between it and the session.

The reader reads on while the session is busy, so that the client's pings are read; what may not
wait any more stays in TCP. What was read goes to the session one message at a time, more slowly
where it is too much. The writer sends what the session says. A watch finds out that the client is
gone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from hwaja.privacy.error_redaction import describe
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import CloseCode
from hwaja.server.config import Config
from hwaja.server.read_ahead import ReadAhead, Reserve
from hwaja.server.session_runner import SessionRunner
from hwaja.server.token_bucket import TokenBucket

BURST_SECONDS = 2.0
"""Messages of so many seconds may come at once: a network that was stuck lets go of them all."""

READ_FACTOR = 5.0
"""Messages are read so many times as fast as they may be taken, as pings lie behind them: chunks of
20 ms, as some send files, at 20 times real time."""

BURST_AUDIO_SECONDS = 60.0
"""Audio that may come at once: what a client kept while it was cut off, or a short file."""

HELD_AFTER_SECONDS = 5.0
"""A client whose audio has waited for so long is told to hold on until none waits: what the ring
holds is still to be heard by then."""

HOLD_PERIOD_SECONDS = 0.5
"""Between two looks at how long audio waits."""

_log = structlog.get_logger("hwaja.server.connection")


class Connection:
    """Carries messages between a client and its session."""

    def __init__(
        self, websocket: ServerConnection, runner: SessionRunner, config: Config, reserve: Reserve
    ) -> None:
        """Prepare to carry; `reserve` is what may wait of all connections."""
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
        self._held_back = False  # it is not read, for reasons that are not the client's
        self._is_shut_down = False
        self._finished = asyncio.Event()

    async def run(self) -> bool:
        """Carry messages until the connection ends; return whether it was lost, not closed."""
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
        """Do what no client can do without, until the connection ends; if it fails, end it."""
        try:
            await work()
        except ConnectionClosed:
            pass
        except Exception as error:
            self._log.error("connection failed", **describe(error))
            await self._websocket.close(CloseCode.INTERNAL_ERROR)

    async def abandon(self) -> None:
        """Drop the connection; returns once its last message is dealt with."""
        self._websocket.transport.abort()
        await self._finished.wait()

    @property
    def has_ended(self) -> bool:
        """Whether it carries nothing any more."""
        return self._finished.is_set()

    def shut_down(self) -> None:
        """Have what was read answered, and the connection closed, because the server stops."""
        self._is_shut_down = True
        self._read_ahead.close()
        if self._finished.is_set():  # nothing waits, and nobody would tell the session
            self._runner.shut_down()

    @property
    def _was_lost(self) -> bool:
        protocol = self._websocket.protocol
        if self._runner.over.is_set() or protocol.close_rcvd_then_sent is False:
            return False  # the server closed it
        # A page that is loaded anew closes with 1001; one that has finished, with 1000 or no code.
        received = protocol.close_rcvd
        return received is None or received.code == CloseCode.GOING_AWAY

    async def _read(self) -> None:
        async for message in self._websocket:
            await self._keep(message)

    async def _keep(self, message: str | bytes) -> None:
        """Have a message wait for its turn, once there is room and it may come.

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
        self._read_ahead.put(message, read_at)
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
        """Wait as long as it takes to come down to the rates that a client may send at."""
        now = time.monotonic()
        delay_seconds = self._messages.take(1, now)
        if not isinstance(message, str):
            audio_seconds = len(message) / 2 / SAMPLE_RATE
            delay_seconds = max(delay_seconds, self._audio_seconds.take(audio_seconds, now))
        if delay_seconds > 0:
            await self._while_open(asyncio.sleep(delay_seconds))

    async def _while_open(
        self, waiting: Coroutine[Any, Any, None], timeout_seconds: float | None = None
    ) -> bool:
        """Wait, but not for a client that is gone: what it sent would keep its place.

        Returns:
            Whether it came to its end in time.

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
        """Take nothing more from a client that reads nothing; in the end, give it up."""
        if not await self._while_open(self._runner.outbox.room(), 2 * self._ping_seconds):
            self._websocket.transport.abort()

    async def _hold(self) -> None:
        """Have a client told that its audio waits, and later that none does any more."""
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
        """Ping the client; one that neither answers nor sends anything is gone."""
        while True:
            await asyncio.sleep(self._ping_seconds)
            sent = self._runner.outbox.last_sent
            answer = asyncio.create_task(self._ping())
            try:
                while not answer.done():
                    read = self._has_read
                    await asyncio.wait([answer], timeout=self._ping_seconds)
                    # The answer of one that is not read waits behind its audio.
                    if not (answer.done() or self._held_back) and self._has_read == read:
                        self._websocket.transport.abort()
                        return
            finally:
                answer.cancel()
            await answer
            self._runner.outbox.confirm(sent)  # TCP keeps the order: it has what came before

    async def _ping(self) -> None:
        try:
            await (await self._websocket.ping())
        except ConnectionClosed:
            await asyncio.Event().wait()  # the reader notices, and ends the watch

    async def _write(self) -> None:
        while True:
            item = await self._runner.outbox.get()
            if isinstance(item, CloseCode):
                await self._websocket.close(item)
                return
            await self._websocket.send(item)
