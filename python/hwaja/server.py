"""The server: its socket, connection limit, graceful shutdown."""

import asyncio
import secrets
import socket
import ssl
import time
from contextlib import suppress
from functools import partial
from weakref import WeakKeyDictionary

import structlog
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from hwaja.admission import Door, Presented, TooManyOfferedError, agreed, presented
from hwaja.bearer import Tokens
from hwaja.codes import CloseCode, ErrorCode, Reason, Rejection
from hwaja.config import Config
from hwaja.connection import Connection
from hwaja.faults import discreet_logger
from hwaja.guard import GuardedConnection
from hwaja.listening import Entrance
from hwaja.loop_lag import watch as watch_loop_lag
from hwaja.messages import Error
from hwaja.networks import network_of
from hwaja.overload import Relief
from hwaja.plain_http import PlainHttp, offers_too_much, turned_away
from hwaja.read_ahead import Reserve
from hwaja.seats import Holder, Seat, Seats
from hwaja.serialize import serialize
from hwaja.session_runner import Services, SessionRunner
from hwaja.supervision import WhenHopeless, supervised
from hwaja.sweeping import Sweeper
from hwaja.tls import keep_read_buffers_small

MAX_QUEUED_MESSAGES = 4
"""Messages the socket layer reads ahead; what comes after waits in TCP."""

CLOSE_SECONDS = 2
"""How long the other end may take to answer that the connection is closed."""

LOAD_PERIOD_SECONDS = 0.5
"""Between two looks at how late answers are."""

LISTENER_PERIOD_SECONDS = 1.0
"""Between two looks at whether the sockets still listen."""

RECEIVE_BUFFER_BYTES = 64 * 1024
"""What the system holds of a client's audio, 2 s: ten times real time on a way of 0.2 s there and
back. What a client's own system holds of it grows with it, and its pings wait behind both."""

_LACKS = {
    Rejection.SERVER_FULL: "no slot is free",
    Rejection.OVERLOADED: "answers come late",
}

_log = structlog.get_logger("hwaja.server")


class Server:
    """Accepts clients and keeps track of them."""

    def __init__(
        self,
        services: Services,
        config: Config,
        door: Door | None = None,
        metrics_tokens: Tokens | None = None,
        when_hopeless: WhenHopeless | None = None,
    ) -> None:
        """Prepare to serve.

        Args:
            services: what all sessions share.
            config: limits and times.
            door: who is let in; by default everybody.
            metrics_tokens: who may see the metrics; by default nobody.
            when_hopeless: see `supervision.supervised`.

        """
        self._services = services
        self._config = config
        self._door = door or Door()
        self._seats = Seats(config)
        self._reserve = Reserve(config.max_read_ahead_bytes)
        self._handlers: set[asyncio.Task[None]] = set()
        self._clients: WeakKeyDictionary[ServerConnection, Presented] = WeakKeyDictionary()
        self._entrance = Entrance(
            config.max_openings, lambda: self._note_rejection(Rejection.TOO_MANY_OPENINGS)
        )
        self._listeners: list[WebSocketServer] = []
        self._sweeper = Sweeper()
        self._metrics = services.metrics
        self._plain_http = PlainHttp(
            self._missing, self._door.pages, services.metrics, metrics_tokens
        )
        self._overload = services.overload
        self._when_hopeless = when_hopeless
        self._watches: list[asyncio.Task[None]] = []
        self._listening: list[socket.socket] = []
        if config.end_revoked_sessions and self._door.tokens is not None:
            self._door.tokens.when_reloaded = self._end_revoked_sessions
        services.metrics.watch_overload(services.overload)
        services.metrics.watch_openings(lambda: self._entrance.openings)
        services.metrics.watch_read_ahead(self._reserve)
        services.metrics.watch_sessions(lambda: self._seats.runners, config.max_connections)
        services.metrics.watch_workers(services.pool, services.drafts)

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen; returns the port, which the system chooses where `port` is 0.

        Without `tls` it is plain WebSocket.

        Raises:
            OSError: where the address cannot be bound.

        """
        keep_read_buffers_small()
        self._listening = await self._entrance.listen(host, port)
        for each in self._listening:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self._listeners.append(await self._serve(each, tls))
        self._watches = [
            supervised("load watch", self._watch_load, self._when_hopeless),
            supervised("listener watch", self._watch_listener, self._when_hopeless),
            supervised("loop lag watch", partial(watch_loop_lag, self._metrics.loop_lagged)),
            supervised("sweeper", self._sweeper.run),
        ]
        return int(self._listening[0].getsockname()[1])

    async def _serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> WebSocketServer:
        return await serve(
            self._serve_client,
            sock=listening,
            ssl=tls,
            # Not a class, but the library only calls it.
            create_connection=partial(GuardedConnection, sweeper=self._sweeper),  # type: ignore[arg-type]
            process_request=self._answer_request,
            # Accepted in a turn of the loop. Where no file is left, asyncio sets a timer for each.
            backlog=1,
            select_subprotocol=lambda _, offered: agreed(offered),
            compression=None,  # PCM does not compress
            max_size=self._config.max_message_bytes,
            max_queue=MAX_QUEUED_MESSAGES,
            open_timeout=self._config.handshake_seconds,
            ssl_handshake_timeout=self._config.handshake_seconds if tls else None,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # the connection's own watch knows when it is the server that waits
            logger=discreet_logger("hwaja.websockets"),  # its own names addresses, quotes requests
            server_header=None,
        )

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Stop accepting, let every session answer what it heard, then close.

        Args:
            hurry: once set, nothing more is waited for.

        """
        if not self._listeners:
            return
        for listener in self._listeners:
            listener.close(close_connections=False)
        for seat in self._seats:
            seat.shut_down()
        waits = [asyncio.ensure_future(self._seats.emptied.wait())]
        if hurry is not None:
            waits.append(asyncio.ensure_future(hurry.wait()))
        await asyncio.wait(
            waits, timeout=self._config.drain_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()
        if len(self._seats):
            _log.warning("closing sessions that have not drained", sessions=len(self._seats))
            for runner in self._seats.runners:
                runner.cut_off()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._seats.emptied.wait()
        await self._close_connections()

    async def _close_connections(self) -> None:
        # A listener closes once only, and has: its connections are closed one by one.
        connections = [each for listener in self._listeners for each in listener.connections]
        await asyncio.gather(*(each.close(CloseCode.GOING_AWAY) for each in connections))
        for handler in self._handlers:
            handler.cancel()  # one that waits for the engine does not notice its closed socket
        for listener in self._listeners:
            await listener.wait_closed()
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    def _answer_request(self, websocket: ServerConnection, request: Request) -> Response | None:
        """Answer a request that opens no WebSocket; None goes on to one."""
        answer = self._plain_http.answer(websocket, request)
        if answer is not None:
            return answer
        try:
            client = presented(request.path, request.headers)
        except TooManyOfferedError:
            return offers_too_much(websocket)
        refusal = self._door.refusal(client)
        if refusal is None:
            self._clients[websocket] = client
            return None
        self._note_rejection(refusal)
        return turned_away(websocket, refusal)

    def _missing(self) -> list[str]:
        """Return what a client that came now would lack."""
        missing = [] if self._services.pool.running_workers else ["no worker runs"]
        return missing + [_LACKS[reason] for reason in self._lacks()]

    def _lacks(self) -> list[Rejection]:
        """Return why no client could be taken; nothing where one could."""
        lacking = {
            Rejection.SERVER_FULL: self._seats.are_full(time.monotonic()),
            Rejection.OVERLOADED: self._is_overloaded,
        }
        return [reason for reason, lacks in lacking.items() if lacks]

    def _no_seat_for(self, holder: Holder) -> Rejection | None:
        """Return why a newcomer is turned away; None: there is a seat for it."""
        refusal = self._seats.refusal(holder, time.monotonic())
        return refusal or (Rejection.OVERLOADED if self._is_overloaded else None)

    @property
    def _is_overloaded(self) -> bool:
        return self._overload.leaves_out(Relief.NEW_SESSIONS)

    async def _watch_load(self) -> None:
        """Find out again and again how late answers are, and what is to be left out."""
        loop = asyncio.get_running_loop()
        while True:
            runners = self._seats.runners
            for runner in runners:
                runner.watch_load()
            lag_seconds = max((runner.lag_seconds for runner in runners), default=0.0)
            if self._overload.observe(lag_seconds, loop.time()):
                relief = self._overload.relief.name.lower()
                _log.warning("load", left_out=relief, lag_seconds=round(lag_seconds, 1))
            await asyncio.sleep(LOAD_PERIOD_SECONDS)

    async def _watch_listener(self) -> None:
        """Have a socket listen again that does not: an administrator can end it (`ss -K`)."""
        while True:
            await asyncio.sleep(LISTENER_PERIOD_SECONDS)
            for each in self._listening:
                is_closed = each.fileno() < 0  # as the server stops
                if not is_closed and not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    _log.error("the socket listens no more, having it listen again")
                    each.listen()

    def _end_revoked_sessions(self) -> None:
        for seat in self._seats:
            self._end_if_revoked(seat)

    def _end_if_revoked(self, seat: Seat) -> None:
        if not self._door.still_lets_in(seat.holder.tokens):
            seat.runner.revoke()

    def _note_rejection(self, reason: Rejection) -> None:
        self._metrics.rejected(reason)
        _log.warning("connection refused", reason=reason)

    async def _serve_client(self, websocket: ServerConnection) -> None:
        handler = asyncio.ensure_future(self._seat_client(websocket))
        self._handlers.add(handler)
        try:
            await handler
        finally:
            self._handlers.discard(handler)
            self._sweeper.soon()

    async def _seat_client(self, websocket: ServerConnection) -> None:
        client = self._clients.pop(websocket)
        address = websocket.remote_address
        network = network_of(address[0] if address else "")
        holder = Holder(network, self._door.good_tokens(client))
        seat = self._seats.find(client.session_token)
        is_new = seat is None
        if seat is None:
            refusal = self._no_seat_for(holder)
            if refusal is not None:
                self._note_rejection(refusal)
                await _turn_away(websocket)
                return
            runner = SessionRunner(self._services, self._config, secrets.token_hex(4))
            seat = self._seats.take(runner, holder, time.monotonic())
        self._entrance.let_through(websocket.transport)
        seat.holder = holder
        connection = Connection(websocket, seat.runner, self._config, self._reserve)
        try:
            await seat.hand_over(connection)
            token = self._seats.issue(seat, client.session_token) if client.resumes else None
            if is_new:
                seat.runner.connected(token)
            elif token is not None:
                seat.runner.reconnected(token)
            if self._config.end_revoked_sessions:
                self._end_if_revoked(seat)  # since it was let in
            was_lost = await connection.run()
            if was_lost and token is not None and seat.connection is connection:
                await seat.wait_for_change(self._config.resume_seconds)
        finally:
            if seat.connection is connection:  # nobody has come back to it
                await self._seats.leave(seat)


async def _turn_away(websocket: ServerConnection) -> None:
    """Say that the server is full, over the open socket: a browser cannot read a refusal."""
    try:
        error = Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FULL)
        await websocket.send(serialize(error))
        await websocket.close(CloseCode.TRY_AGAIN_LATER)
    except ConnectionClosed:
        pass
