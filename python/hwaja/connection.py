"""One connection of a client: its socket, and the tasks between it and the session.

The reader takes one message at a time and holds back who sends too much: what is not read waits in
TCP. The writer sends what the session says. A watch finds out that the client is gone.
"""

import asyncio
import time
from collections.abc import Coroutine

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from hwaja.allowance import Allowance
from hwaja.codes import CloseCode
from hwaja.config import Config
from hwaja.faults import describe
from hwaja.gate import SAMPLE_RATE
from hwaja.session_runner import SessionRunner

BURST_SECONDS = 2.0
"""Messages of so many seconds may come at once: a network that was stuck lets go of them all."""

BURST_AUDIO_SECONDS = 60.0
"""Audio that may come at once: what a client kept while it was cut off, or a short file."""

_log = structlog.get_logger("hwaja.connection")


class Connection:
    """Carries messages between a client and its session."""

    def __init__(self, websocket: ServerConnection, runner: SessionRunner, config: Config) -> None:
        self._websocket = websocket
        self._runner = runner
        self._messages = Allowance(
            config.max_messages_per_second, BURST_SECONDS * config.max_messages_per_second
        )
        self._audio_seconds = Allowance(config.max_audio_speed, BURST_AUDIO_SECONDS)
        self._ping_seconds = config.ping_seconds
        self._log = _log.bind(session=runner.session_id)
        self._taken = 0  # messages
        self._finished = asyncio.Event()

    async def run(self) -> bool:
        """Carry messages until the connection ends; return whether it was lost, not closed."""
        helpers = [
            asyncio.create_task(self._guarded(work)) for work in (self._write(), self._watch())
        ]
        try:
            await self._guarded(self._read())
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._finished.set()
            code = self._websocket.close_code
            self._log.info("connection closed", code=None if code is None else int(code))
        return self._was_lost

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        """Do what no client can do without, until the connection ends; if it fails, end it."""
        try:
            await work
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
    def _was_lost(self) -> bool:
        protocol = self._websocket.protocol
        if self._runner.over.is_set() or protocol.close_rcvd_then_sent is False:
            return False  # the server closed it
        # A page that is loaded anew closes with 1001; one that has finished, with 1000 or no code.
        received = protocol.close_rcvd
        return received is None or received.code == CloseCode.GOING_AWAY

    async def _read(self) -> None:
        async for message in self._websocket:
            await self._take(message)

    async def _take(self, message: str | bytes) -> None:
        received_at = time.monotonic()
        self._taken += 1
        self._runner.client_waits = True
        try:
            if not self._runner.outbox.has_room:
                await self._wait_to_be_read()
            await self._wait_turn(message)
            await self._runner.take(message, received_at)
        finally:
            self._runner.client_waits = False

    async def _wait_turn(self, message: str | bytes) -> None:
        """Wait as long as it takes to come down to the rates that a client may send at."""
        now = time.monotonic()
        delay_seconds = self._messages.take(1, now)
        if isinstance(message, bytes):
            audio_seconds = len(message) / 2 / SAMPLE_RATE
            delay_seconds = max(delay_seconds, self._audio_seconds.take(audio_seconds, now))
        if delay_seconds > 0:
            await self._wait_while_open(delay_seconds)

    async def _wait_while_open(self, seconds: float) -> None:
        """Wait, but not for a client that is gone: what it sent too fast would keep its place.

        Raises:
            ConnectionClosed: where it is gone.

        """
        closed = asyncio.ensure_future(self._websocket.wait_closed())
        await asyncio.wait([closed], timeout=seconds)
        if not closed.done():
            closed.cancel()
        elif (reason := self._websocket.protocol.close_exc) is not None:
            raise reason

    async def _wait_to_be_read(self) -> None:
        """Take nothing more from a client that reads nothing; in the end, give it up."""
        waits = [
            asyncio.ensure_future(wait)
            for wait in (self._runner.outbox.room(), self._websocket.wait_closed())
        ]
        done, _ = await asyncio.wait(
            waits, timeout=2 * self._ping_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()
        if not done:
            self._websocket.transport.abort()

    async def _watch(self) -> None:
        """Ping the client; one that neither answers nor sends anything is gone."""
        while True:
            await asyncio.sleep(self._ping_seconds)
            sent = self._runner.outbox.last_sent
            answer = asyncio.create_task(self._ping())
            try:
                while not answer.done():
                    taken = self._taken
                    await asyncio.wait([answer], timeout=self._ping_seconds)
                    # The answer of one that is not read waits behind its audio.
                    if not (answer.done() or self._runner.client_waits) and self._taken == taken:
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
