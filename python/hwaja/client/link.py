"""Keeps a session's connection to the server, and replaces it if it is lost.

A client that was given a list of addresses roams: if the session cannot be resumed, it goes on at
another server, or at the same one after a restart. It also begins another session before the server
ends one that has lasted as long as it may. Voice tickets bring the voices along. One address may
lead to several servers, behind a balancer.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from hwaja.client.belongings import Belongings
from hwaja.client.decoding import read_hello
from hwaja.client.errors import ClientError, Message, RefusedError, SessionLostError
from hwaja.client.resumption import BackOff, Resumption
from hwaja.client.websocket import (
    PONG_SECONDS,
    ROAMING_PONG_SECONDS,
    Connection,
    ConnectionLostError,
    ServerStoppedError,
    dial,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.values import Hello


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a server, and the TLS context and token for it."""

    url: str
    tls: ssl.SSLContext
    token: str | None = None


class Link:
    """The successive connections of one session. Call `open` first."""

    def __init__(
        self,
        addresses: Sequence[Address],
        on_away: Callable[[], None],
        on_back: Callable[[], None],
        *,
        roams: bool = False,
    ) -> None:
        """Prepare.

        Args:
            addresses: of the servers, at least one. The first that answers gets the session.
            on_away: called when a connection is lost, before the first new attempt.
            on_back: called when another connection goes on, in the same or another session.
            roams: whether another session may take over where the session cannot be resumed.

        """
        self._addresses = addresses
        self._home = 0  # place of the address where the session is
        self._on_away, self._on_back = on_away, on_back
        self.roams = roams
        """Whether another session may take over."""
        self._resumption = Resumption(roams=roams)
        self._belongings = Belongings()
        self.hello: Hello | None = None
        """What the server told of itself when it was last connected to. None: nothing."""
        self._connection: Connection | None = None
        self._is_held = False  # another session took over, and what is to be sent is not known yet
        self._renew_at: float | None = None  # by the clock of the loop
        self._resting: asyncio.Task[None] | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the server confirms the audio that it has processed."""
        return self._resumption.is_possible

    async def open(self) -> None:
        """Connect to the first server that answers.

        A client that roams tries each address twice: a balancer may have led it to a server that
        has just died.

        Raises:
            ClientError: if no server answers, or the last one refuses.

        """
        addresses = len(self._addresses)
        attempts = 2 * addresses if self.roams else addresses
        for attempt in range(attempts):
            place = attempt % addresses
            try:
                connection, welcome = await self._dialled(place, self._resumption)
            except ClientError:
                if attempt == attempts - 1:
                    raise
            else:
                self._resumption.welcome(welcome)
                self.hello = read_hello(welcome)
                self._connection, self._home = connection, place
                return

    async def _dialled(self, place: int, resumption: Resumption) -> tuple[Connection, Message]:
        """Return a connection and the `model_loaded` of the server."""
        address = self._addresses[place]
        pong_seconds = ROAMING_PONG_SECONDS if self.roams else PONG_SECONDS
        connection = await dial(
            address.url, address.tls, address.token, resumption.offered, pong_seconds
        )
        try:
            return connection, await connection.welcome()
        except BaseException:
            await connection.close()
            raise

    async def receive(self) -> Message:
        """Return the next new message.

        If the connection is lost, reconnect and return the `model_loaded` of the resumed session,
        or of the one that takes over. So too before the server ends the session.

        Raises:
            SessionLostError: if the session cannot be resumed, and none takes over.
            ClientError: if the server ended the session.

        """
        while True:
            if self._connection is None:
                raise ClientError("The connection is closed.")
            try:
                async with asyncio.timeout_at(self._renew_at):
                    message = await self._connection.receive()
            except TimeoutError:
                return await self._renew(self._connection)
            except ClientError as error:
                if not self._is_away(error):
                    raise
                return await self._reconnect(error)
            if not self._resumption.is_news(message):
                continue
            if message.get("reason") == Reason.SESSION_LIMIT and self._can_begin_anew:
                if message["type"] == "error":
                    return await self._renew(self._connection)
                # Half of the time that is left is for a server that is slow to take over.
                now = asyncio.get_running_loop().time()
                self._renew_at = now + message["seconds_left"] / 2
            else:
                self._belongings.take(message)
                return message

    def _is_away(self, error: ClientError) -> bool:
        """Return whether an error of the connection is one after which the session may go on."""
        passing = (ConnectionLostError, ServerStoppedError) if self.roams else ConnectionLostError
        return isinstance(error, passing) and self._resumption.is_possible

    @property
    def _can_begin_anew(self) -> bool:
        """Whether another session may take over, with all voices."""
        return self.roams and self._belongings.are_complete

    @property
    def url(self) -> str:
        """The address where the session is."""
        return self._addresses[self._home].url

    @property
    def link_key(self) -> str | None:
        """The key of the link of the session. None: it has none."""
        return (self._belongings.sharing or {}).get("key")

    async def share(self, key: str | None) -> None:
        """Show the session by the link of a key; None: by none any more.

        What is not sent now is sent on the next connection.
        """
        fields: Message = {"end": True} if key is None else {"key": key}
        self._belongings.sharing = {"type": "share_session", **fields}
        with suppress(ClientError):  # `receive` reports it
            if self._connection is not None:
                await self._connection.send(self._belongings.sharing)

    async def send(self, item: Message | bytes) -> None:
        """Send a message or audio. A lost connection raises nothing here: `receive` reports it."""
        connection = self._connection
        if connection is None or self._is_held:
            return
        try:
            if not isinstance(item, bytes):
                self._belongings.offer(item)
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
            await self._reconnect(error)

    async def _renew(self, leaving: Connection) -> Message:
        """Begin another session, since the server ends this one, and close this one then.

        Where the server has no place for another, the place of this one is given for it.
        """
        self._renew_at = None
        try:
            welcome = await self._connect_again(self._home, resumes=False)
        except ClientError:
            welcome = None
        await leaving.close()
        if welcome is not None:
            return welcome
        return await self._reconnect(ServerStoppedError("The session is over."))

    async def _reconnect(self, loss: ClientError) -> Message:
        self._on_away()
        self._connection = None
        resumes = not isinstance(loss, ServerStoppedError)  # it has ended the session
        loop = asyncio.get_running_loop()
        lost_at = loop.time()
        back_off, addresses = BackOff(), len(self._addresses)
        for attempt in count(self._home):
            delay = back_off.next_delay_seconds(loop.time() - lost_at, addresses)
            if delay is None:
                break
            await asyncio.sleep(delay)
            place = attempt % addresses
            try:
                welcome = await self._connect_again(place, resumes=resumes)
            except RefusedError as error:
                loss = error
                if addresses == 1 and error.code == ErrorCode.SPEAKER_REGISTRATION_FAILED:
                    break  # a ticket is no good there, and there is no other server
                # The server is briefly full, and so has no session of a client that roams.
                resumes = resumes and not (self.roams and place == self._home)
            except ClientError as error:
                loss = error
                is_passing = isinstance(error, ConnectionLostError | ServerStoppedError)
                if addresses == 1 and not is_passing:
                    raise
            else:
                if welcome is not None:
                    self._on_back()
                    return welcome
                if not self.roams:
                    break
        raise SessionLostError(
            "The connection was lost, and the session with it: enrol the voices again."
        ) from loss

    async def _connect_again(self, place: int, *, resumes: bool) -> Message | None:
        """Return the `model_loaded` of the session at an address; None if it is lost there.

        Args:
            place: of the address.
            resumes: whether the session may still exist, at its own address.

        Raises:
            RefusedError: if the server has no place, or refuses a ticket.
            ClientError: as `open`.

        """
        is_home = resumes and place == self._home
        resumption = self._resumption if is_home else Resumption(roams=self.roams)
        connection, welcome = await self._dialled(place, resumption)
        is_resumed = bool(welcome.get("resumed"))
        try:
            if not is_resumed and not self._can_begin_anew:
                await connection.close()
                return None
            resumption.welcome(welcome)
            if not is_resumed:
                await self._belongings.restore(connection, resumption)
            elif self._belongings.sharing is not None:  # it may be lost; again it changes nothing
                await connection.send(self._belongings.sharing)
        except BaseException:
            await connection.close()
            raise
        self._connection, self._resumption, self._home = connection, resumption, place
        self._is_held = not is_resumed
        if not is_resumed:
            self._renew_at = None
        self.hello = read_hello(welcome)
        return welcome | {"resumed": is_resumed}
