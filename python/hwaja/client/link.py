"""Keeps a session's connection to the server, and replaces it if it is lost.

A client that was given several addresses roams: if the session cannot be resumed, it goes on at
another server, or at the same one after a restart. Voice tickets bring the voices along.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from hwaja.client.decoding import read_hello
from hwaja.client.errors import ClientError, Message, RefusedError, SessionLostError
from hwaja.client.resumption import BackOff, Resumption
from hwaja.client.websocket import Connection, ConnectionLostError, ServerStoppedError, dial
from hwaja.protocol.codes import ErrorCode
from hwaja.protocol.values import Hello


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a server, and the TLS context and token for it."""

    url: str
    tls: ssl.SSLContext
    token: str | None = None


class VoiceTickets:
    """The tickets of the voices that are enrolled in a session."""

    def __init__(self) -> None:
        self._tickets: dict[int, str | None] = {}
        self._offered: dict[int, str] = {}  # in a message that is not answered yet
        self._names: dict[int, str] = {}

    @property
    def are_complete(self) -> bool:
        """Whether every enrolled voice has a ticket."""
        return None not in self._tickets.values()

    def offer(self, message: Message) -> None:
        """Note a message to the server."""
        if message["type"] == "restore_speaker":
            self._offered[message["speaker_id"]] = message["ticket"]

    def take(self, message: Message) -> None:
        """Note a message of the server."""
        if message["type"] == "speaker_registration_completed":
            speaker_id = message["speaker_id"]
            offered = self._offered.pop(speaker_id, None)
            self._tickets[speaker_id] = message.get("ticket", offered)
        elif message["type"] == "speaker_named":
            self._names[message["speaker_id"]] = message["name"]

    async def restore(self, connection: Connection, resumption: Resumption) -> None:
        """Enrol every voice in a new session, and give the speakers their names.

        Raises:
            RefusedError: if the server refuses a ticket.
            ClientError: if the connection ends.

        """
        for speaker_id, ticket in self._tickets.items():
            if ticket is not None:
                resumption.is_news(await connection.restore(speaker_id, ticket))
        for speaker_id, name in self._names.items():
            if speaker_id in self._tickets and name:
                resumption.is_news(await connection.name(speaker_id, name))


class Link:
    """The successive connections of one session. Call `open` first."""

    def __init__(
        self, addresses: Sequence[Address], on_away: Callable[[], None], *, roams: bool = False
    ) -> None:
        """Prepare.

        Args:
            addresses: of the servers, at least one. The first that answers gets the session.
            on_away: called when a connection is lost, before the first new attempt.
            roams: whether another session may take over where the session cannot be resumed.

        """
        self._addresses = addresses
        self._home = 0  # place of the address where the session is
        self._on_away = on_away
        self.roams = roams
        """Whether another session may take over."""
        self._resumption = Resumption()
        self._tickets = VoiceTickets()
        self.hello: Hello | None = None
        """What the server told of itself when it was last connected to. None: nothing."""
        self._connection: Connection | None = None
        self._is_held = False  # another session took over, and what is to be sent is not known yet
        self._resting: asyncio.Task[None] | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the server confirms the audio that it has processed."""
        return self._resumption.is_possible

    async def open(self) -> None:
        """Connect to the first server that answers.

        Raises:
            ClientError: if no server answers, or the last one refuses.

        """
        for place in range(len(self._addresses)):
            try:
                connection, welcome = await self._dialled(place, self._resumption)
            except ClientError:
                if place == len(self._addresses) - 1:
                    raise
            else:
                self._resumption.welcome(welcome)
                self.hello = read_hello(welcome)
                self._connection, self._home = connection, place
                return

    async def _dialled(self, place: int, resumption: Resumption) -> tuple[Connection, Message]:
        """Return a connection and the `model_loaded` of the server."""
        address = self._addresses[place]
        connection = await dial(address.url, address.tls, address.token, resumption.offered)
        try:
            return connection, await connection.welcome()
        except BaseException:
            await connection.close()
            raise

    async def receive(self) -> Message:
        """Return the next new message.

        If the connection is lost, reconnect and return the `model_loaded` of the resumed session,
        or of the one that takes over.

        Raises:
            SessionLostError: if the session cannot be resumed, and none takes over.
            ClientError: if the server ended the session.

        """
        while True:
            if self._connection is None:
                raise ClientError("The connection is closed.")
            try:
                message = await self._connection.receive()
            except ClientError as error:
                if not self._is_away(error):
                    raise
                return await self._reconnect()
            if self._resumption.is_news(message):
                self._tickets.take(message)
                return message

    def _is_away(self, error: ClientError) -> bool:
        """Return whether an error of the connection is one after which the session may go on."""
        passing = (ConnectionLostError, ServerStoppedError) if self.roams else ConnectionLostError
        return isinstance(error, passing) and self._resumption.is_possible

    async def send(self, item: Message | bytes) -> None:
        """Send a message or audio. A lost connection raises nothing here: `receive` reports it."""
        connection = self._connection
        if connection is None or self._is_held:
            return
        try:
            if not isinstance(item, bytes):
                self._tickets.offer(item)
                await connection.send(item)
            elif self.is_confirmed:
                await connection.send_chunk(item)
            else:
                await connection.send_held_back(item)
        except ClientError:
            return  # `receive` reports it

    def release(self) -> None:
        """Send again: what is sent from now on is meant for the session of the last `receive`.

        After another session took over, `send` drops everything until then. It was meant for the
        earlier session.
        """
        self._is_held = False

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
        self.release()

    async def close(self) -> None:
        """End the session."""
        resting, self._resting = self._resting, None
        if resting is not None:
            resting.cancel()
            await asyncio.gather(resting, return_exceptions=True)
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _rest(self) -> None:
        while self._resting is not None and self._connection is not None:
            error = await self._connection.how_it_ended()
            if not self._is_away(error):
                return  # the next `receive` reports why it ended
            await self._reconnect()

    async def _reconnect(self) -> Message:
        self._on_away()
        self._connection = None
        loop = asyncio.get_running_loop()
        lost_at = loop.time()
        back_off, addresses = BackOff(), len(self._addresses)
        for attempt in count(self._home):
            delay = back_off.next_delay_seconds(loop.time() - lost_at, addresses)
            if delay is None:
                break
            await asyncio.sleep(delay)
            try:
                welcome = await self._connect_again(attempt % addresses)
            except ConnectionLostError:
                continue  # the server is starting
            except RefusedError as error:
                if addresses == 1 and error.code == ErrorCode.SPEAKER_REGISTRATION_FAILED:
                    break  # a ticket is no good there, and there is no other server
                continue  # the server is briefly full
            except ClientError:
                if addresses == 1:
                    raise
                continue
            if welcome is not None:
                return welcome
            if not self.roams:
                break
        raise SessionLostError(
            "The connection was lost, and the session with it: enrol the voices again."
        )

    async def _connect_again(self, place: int) -> Message | None:
        """Return the `model_loaded` of the session at an address; None if it is lost there.

        Raises:
            RefusedError: if the server has no place, or refuses a ticket.
            ClientError: as `open`.

        """
        resumption = self._resumption if place == self._home else Resumption()
        connection, welcome = await self._dialled(place, resumption)
        is_resumed = bool(welcome.get("resumed"))
        try:
            if not is_resumed and not (self.roams and self._tickets.are_complete):
                await connection.close()
                return None
            resumption.welcome(welcome)
            if not is_resumed:
                await self._tickets.restore(connection, resumption)
        except BaseException:
            await connection.close()
            raise
        self._connection, self._resumption, self._home = connection, resumption, place
        self._is_held = not is_resumed
        self.hello = read_hello(welcome)
        return welcome | {"resumed": is_resumed}
