"""Keeps a session's connection to the server, and replaces it if it is lost."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from hwaja.client.decoding import read_hello
from hwaja.client.errors import ClientError, Message, RefusedError, SessionLostError
from hwaja.client.resumption import BackOff, Resumption
from hwaja.client.websocket import Connection, ConnectionLostError, dial
from hwaja.protocol.values import Hello


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a server, and the TLS context and token for it."""

    url: str
    tls: ssl.SSLContext
    token: str | None = None


class Link:
    """The successive connections of one session. Call `open` first."""

    def __init__(self, address: Address, on_away: Callable[[], None]) -> None:
        """Prepare. `on_away` is called when a connection is lost, before the first new attempt."""
        self._address = address
        self._on_away = on_away
        self._resumption = Resumption()
        self.hello: Hello | None = None
        """What the server told of itself when it was last connected to. None: nothing."""
        self._connection: Connection | None = None
        self._resting: asyncio.Task[None] | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the server confirms the audio that it has processed."""
        return self._resumption.is_possible

    async def open(self) -> Message:
        """Connect. Return the server's `model_loaded`.

        Raises:
            ClientError: if no server answers, or the server refuses.

        """
        address = self._address
        connection = await dial(address.url, address.tls, address.token, self._resumption.offered)
        try:
            welcome = await connection.welcome()
        except BaseException:
            await connection.close()
            raise
        is_resumed = self._resumption.welcome(welcome)
        self.hello = read_hello(welcome)
        self._connection = connection
        return welcome | {"resumed": is_resumed}

    async def receive(self) -> Message:
        """Return the next new message.

        If the connection is lost, reconnect and return the `model_loaded` of the resumed session.

        Raises:
            SessionLostError: if the session cannot be resumed.
            ClientError: if the server ended the session.

        """
        while True:
            if self._connection is None:
                raise ClientError("The connection is closed.")
            try:
                message = await self._connection.receive()
            except ConnectionLostError:
                if not self._resumption.is_possible:
                    raise
                return await self._reconnect()
            if self._resumption.is_news(message):
                return message

    async def send(self, item: Message | bytes) -> None:
        """Send a message or audio. A lost connection raises nothing here: `receive` reports it."""
        connection = self._connection
        if connection is None:
            return
        try:
            if not isinstance(item, bytes):
                await connection.send(item)
            elif self.is_confirmed:
                await connection.send_chunk(item)
            else:
                await connection.send_held_back(item)
        except ClientError:
            return  # `receive` reports it

    def rest(self) -> None:
        """Begin to keep the connection while `receive` is not called.

        A background task reconnects after a loss: the server keeps a session for one minute only.
        """
        self._resting = asyncio.create_task(self._rest())

    async def work(self) -> None:
        """Stop the background task of `rest`, before calls of `receive`.

        Raises:
            SessionLostError: if the session was lost meanwhile.
            ClientError: if it cannot be resumed for another reason.

        """
        resting, self._resting = self._resting, None
        if resting is None:
            return
        if self._connection is not None:  # otherwise the task is reconnecting: await it
            resting.cancel()
            await asyncio.wait([resting])
        if not resting.cancelled():
            await resting

    async def close(self) -> None:
        """End the session."""
        resting, self._resting = self._resting, None
        if resting is not None:
            resting.cancel()
            await asyncio.gather(resting, return_exceptions=True)
        await self._close_connection()

    async def _close_connection(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _rest(self) -> None:
        while self._resting is not None and self._connection is not None:
            is_lost = await self._connection.is_lost()
            if not (is_lost and self._resumption.is_possible):
                return  # the next `receive` reports why it ended
            await self._reconnect()

    async def _reconnect(self) -> Message:
        self._on_away()
        self._connection = None
        loop = asyncio.get_running_loop()
        lost_at = loop.time()
        back_off = BackOff()
        while (delay := back_off.next_delay_seconds(loop.time() - lost_at)) is not None:
            await asyncio.sleep(delay)
            try:
                welcome = await self.open()
            except (ConnectionLostError, RefusedError):
                continue  # the server is starting, or briefly full
            if welcome["resumed"]:
                return welcome
            await self._close_connection()
            break
        raise SessionLostError(
            "The connection was lost, and the session with it: enrol the voices again."
        )
